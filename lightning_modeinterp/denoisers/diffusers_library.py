"""The library diffusers, which is an extra: imported where a part needs it, and asked for in one line."""

from types import ModuleType

from lightning_modeinterp.errors import ConfigurationError


def diffusers_library(who: str, remedy: str = "") -> ModuleType:
    """The library.

    Args:
        who: What needs it.
        remedy: What to do without it, if anything.

    Raises:
        ConfigurationError: If it is not installed.
    """
    try:
        import diffusers
    except ImportError as error:
        raise ConfigurationError(
            f"{who}: expected the library diffusers, got {error}; pip install 'lightning_modeinterp[diffusers]'{remedy}"
        ) from error
    return diffusers
