"""The option ``--moved_names``, read before anything is parsed, since a config may use an old class name."""

from collections.abc import Sequence

import yaml

from lightning_modeinterp.errors import ConfigurationError


def moved_names_in(arguments: Sequence[str]) -> dict[str, str]:
    """The value of ``--moved_names``.

    Args:
        arguments: Of the command line.

    Raises:
        ConfigurationError: If it is no mapping of names.
    """
    moved: dict[str, str] = {}
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        name, is_joined, value = argument.partition("=")
        if name == "--moved_names":
            said = yaml.safe_load(value if is_joined else following)
            if not isinstance(said, dict) or not all(isinstance(each, str) for each in (*said, *said.values())):
                raise ConfigurationError(
                    "--moved_names: expected old to new names of classes, as '{ring.Ring: shapes.rings.Ring}', got "
                    f"{value if is_joined else following}"
                )
            moved |= said
    return moved
