"""A recursion from its config."""

from pathlib import Path

from jsonargparse import ArgumentError, ArgumentParser

from lightning_modeinterp.configuration import config_path
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.files import read_yaml
from lightning_modeinterp.recursion.recursion import Recursion

SECTION = "recursion"


def recursion_parser(name: str, description: str | None = None) -> ArgumentParser:
    """A parser that reads a recursion; a command adds its own options.

    Args:
        name: What the command is called in its help.
        description: What it does.
    """
    made = ArgumentParser(name, description=description, exit_on_error=False)
    made.add_argument("-c", "--config", action="config", help="a recursion: a shipped one by name, or a file")
    made.add_class_arguments(Recursion, SECTION)
    return made


def load_recursion(config: str | Path) -> Recursion:
    """Read a recursion.

    Args:
        config: A file, or a shipped one by its name, such as ``recursion/gaussian_2d_grid``.

    Raises:
        ConfigurationError: If there is none, or it does not fit.
    """
    parser = recursion_parser("recursion")
    path = Path(config_path(str(config)))
    try:  # not as an option: then the parser would change the working directory, also for commands that are running
        found: Recursion = parser.instantiate(parser.parse_object(read_yaml(path)))[SECTION]
    except ArgumentError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    return found
