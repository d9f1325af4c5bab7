"""A recursion from its config."""

from pathlib import Path

from jsonargparse import ArgumentError, ArgumentParser

from lightning_modeinterp.configuration import config_path
from lightning_modeinterp.configuration.parser_errors import one_line
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.files import read_yaml
from lightning_modeinterp.recursion.recursion import Recursion

SECTION = "recursion"


def recursion_parser(name: str, description: str | None = None) -> ArgumentParser:
    """A parser for the config of a recursion; a command adds its own options.

    Args:
        name: Name of the command in its help.
        description: Its description.
    """
    made = ArgumentParser(name, description=description, exit_on_error=False, allow_abbrev=False)
    made.add_argument("-c", "--config", action="config", help="config of a recursion: a file or a shipped name")
    made.add_class_arguments(Recursion, SECTION)
    return made


def load_recursion(config: str | Path) -> Recursion:
    """Read a recursion.

    Args:
        config: A file or a shipped name, such as ``recursion/gaussian_2d_grid``.

    Raises:
        ConfigurationError: If there is no such config, or it is not valid.
    """
    parser = recursion_parser("recursion")
    path = Path(config_path(str(config)))
    try:  # as an option, the parser would change the working directory, also for running commands
        found: Recursion = parser.instantiate(parser.parse_object(read_yaml(path)))[SECTION]
    except ArgumentError as error:
        raise ConfigurationError(f"{path}: {one_line(str(error), ())}") from error
    return found
