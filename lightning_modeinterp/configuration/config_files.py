"""The config files that a command line names, read before they are parsed.

The parser reads them again. But it does not say which file was wrong, and accepts an empty one.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning_modeinterp.configuration.shipped import OF_A_CONFIG, OF_A_SECTION
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.files import read_yaml

SUFFIXES = (".yaml", ".yml")
_SECTIONS = {name.lstrip("-") for name in OF_A_SECTION}


def options_in(arguments: Sequence[str]) -> list[tuple[str, str]]:
    """Names and values of options, given as ``--name value`` or ``--name=value``; names without dashes.

    Example:
        >>> options_in(["fit", "-c", "a.yaml", "--run.name=b"])
        [('c', 'a.yaml'), ('run.name', 'b')]
    """
    options: list[tuple[str, str]] = []
    for argument in arguments:
        name, _, value = argument.partition("=")
        if name.startswith("-"):
            options.append((name.lstrip("-"), value))
        elif options:
            options[-1] = (options[-1][0], argument)
    return options


def config_files_in(arguments: Sequence[str]) -> list[tuple[str, Path]]:
    """The given config files in order, each with its section; ``""`` is the whole config."""
    whole = {name.lstrip("-") for name in OF_A_CONFIG}
    return [
        ("" if name in whole else name, Path(value))
        for name, value in options_in(arguments)
        if name in whole or (name in _SECTIONS and value.endswith(SUFFIXES) and Path(value).is_file())
    ]


def check_config_files(arguments: Sequence[str]) -> None:
    """Refuse a config or section file that is empty, not YAML, or not a mapping.

    Args:
        arguments: Arguments of the command line, with paths for the names of shipped configs.

    Raises:
        ConfigurationError: With the name of the file.
    """
    for _, file in config_files_in(arguments):
        read_config(file)


def read_config(file: Path) -> dict[str, Any]:
    """Read a config file with the files that it names inserted, without defaults.

    Raises:
        ConfigurationError: If it, or the file of one of its sections, is empty, not YAML, or not a mapping.
    """
    found = read_yaml(file)
    if found is None:
        raise ConfigurationError(f"{file}: expected a config, got an empty file; `modeinterp configs` lists some")
    if not isinstance(found, Mapping):
        raise ConfigurationError(
            f"{file}: expected a config with lines such as `trainer: ...`, got a {type(found).__name__}"
        )
    return {key: _section(value, file, str(key)) for key, value in found.items()}


def _section(value: Any, file: Path, key: str) -> Any:
    if not isinstance(value, str) or not value.endswith(SUFFIXES) or key not in _SECTIONS:
        return _in_place(value, file)
    if not (file.parent / value).is_file():
        raise ConfigurationError(f"{file}: {key}: expected a config file, found none at {file.parent / value}")
    return read_config(file.parent / value)


def _in_place(value: Any, file: Path) -> Any:
    """The value with configs in place of their file names; other file names stay."""
    if isinstance(value, Mapping):
        return {key: _in_place(each, file) for key, each in value.items()}
    if isinstance(value, str) and value.endswith(SUFFIXES) and (file.parent / value).is_file():
        try:
            return read_config(file.parent / value)
        except ConfigurationError:
            return value
    return value
