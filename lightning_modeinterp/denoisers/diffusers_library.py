"""The optional library diffusers, imported where it is needed, with a one-line error if it is missing."""

from types import ModuleType

from lightning_modeinterp.errors import ConfigurationError


def diffusers_library(who: str, remedy: str = "") -> ModuleType:
    """Import the library.

    Args:
        who: What needs it.
        remedy: An alternative without it, if any.

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
