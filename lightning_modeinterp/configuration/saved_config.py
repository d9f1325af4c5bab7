"""Rebuild the objects of a command from its saved config.

The classes in a config are imported, so this is for your own runs. The config of a sample store, which may come from
anybody, is never used.
"""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

from lightning_modeinterp.configuration.parser import Parser
from lightning_modeinterp.configuration.parser_errors import first_of
from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.files import read_yaml
from lightning_modeinterp.generation import Generation
from lightning_modeinterp.modules import DiffusionModule
from lightning_modeinterp.moved_names import add_moved_names


def read_config(file: str | Path) -> dict[str, Any]:
    """Read a config that a command saved in its run directory, and register its ``moved_names``.

    Raises:
        ConfigurationError: If it is missing, or not a config.
    """
    if not Path(file).is_file():
        raise ConfigurationError(f"{file}: expected the config that a command saved in its run directory, found none")
    config = read_yaml(Path(file))
    if not isinstance(config, dict) or "data" not in config:
        raise ConfigurationError(f"{file}: expected a config with the sections of a run, got something else")
    add_moved_names(config.get("moved_names") or {})
    return config


def data_of(config: Mapping[str, Any]) -> ModeInterpDataModule:
    """The data module of a command.

    Raises:
        ConfigurationError: If a class is not found or refuses its arguments.
    """
    parser = Parser()
    parser.add_subclass_arguments(ModeInterpDataModule, "data", required=True)
    return cast(ModeInterpDataModule, _made(parser, "data", config))


def generation_of(config: Mapping[str, Any]) -> Generation:
    """The generation settings of a command.

    Raises:
        ConfigurationError: As `data_of`.
    """
    parser = Parser()
    parser.add_class_arguments(Generation, "generation")
    return cast(Generation, _made(parser, "generation", config))


def module_of(config: Mapping[str, Any], data: ModeInterpDataModule) -> DiffusionModule:
    """The model of a command, with random weights.

    Args:
        config: The saved config.
        data: Its data, which set the shape of the samples.

    Raises:
        ConfigurationError: As `data_of`.
    """
    parser = Parser()
    parser.add_subclass_arguments(DiffusionModule, "model", required=True)
    model = _with(config.get("model"), ("init_args", "denoiser", "init_args", "sample_shape"), list(data.sample_shape))
    return cast(DiffusionModule, _made(parser, "model", {"model": model}))


def _made(parser: Parser, section: str, config: Mapping[str, Any]) -> object:
    try:  # a copy, since the parser changes its input
        return parser.instantiate(parser.parse_object({section: deepcopy(config.get(section))}))[section]
    except ValueError as error:  # the parser wraps the message of a class in lines of its own
        cause = first_of((ConfigurationError,), error)
        if cause is None:
            raise
        raise ConfigurationError(" ".join(str(cause).split())) from error


def _with(tree: Any, keys: tuple[str, ...], value: Any) -> Any:
    """The nested mappings with one value replaced."""
    if not keys:
        return value
    below = tree if isinstance(tree, Mapping) else {}
    return {**below, keys[0]: _with(below.get(keys[0]), keys[1:], value)}
