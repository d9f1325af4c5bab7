"""The parser: no abbreviated options, one-line errors."""

import argparse
from enum import Enum
from typing import Any, NoReturn

from jsonargparse import Namespace
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.cli import LightningArgumentParser
from lightning.pytorch.loggers import Logger
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from lightning_modeinterp.configuration.parser_errors import one_line
from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.denoisers import Denoiser
from lightning_modeinterp.detectors import EndPointScore
from lightning_modeinterp.diffusion.decoders import Decoder
from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.diffusion.samplers import Sampler
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics import GenerationMetric
from lightning_modeinterp.modules import DiffusionModule
from lightning_modeinterp.support_oracle import SupportOracle
from lightning_modeinterp.trajectories import TrajectoryObserver

BASES = (
    *(DiffusionModule, ModeInterpDataModule, Denoiser, NoiseSchedule, Decoder, Sampler, TrajectoryObserver),
    *(EndPointScore, SupportOracle, GenerationMetric, Callback, Logger, Optimizer, LRScheduler),
)
"""Base classes of the objects that a config can name."""


class Parser(LightningArgumentParser):
    """Parser with one-line errors and no abbreviated options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"allow_abbrev": False, **kwargs})
        self._made_for: str | None = None  # a class of the config, which has a parser of its own

    def add_class_arguments(self, theclass: type, nested_key: str | None = None, *args: Any, **kwargs: Any) -> Any:
        """Add the arguments of a class, and remember its name if nothing else is parsed."""
        if nested_key is None:
            self._made_for = theclass.__name__
        return super().add_class_arguments(theclass, nested_key, *args, **kwargs)

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Raise instead of printing the usage."""
        parser = getattr(ex, "subcommand_parser", None) or self
        options = [option for action in parser._actions for option in action.option_strings]
        raise ConfigurationError(one_line(message, options, class_names(), self._made_for)) from ex

    def dump(self, cfg: Namespace, *args: Any, **kwargs: Any) -> str:
        """Dump a config; a default that is an enum of strings, as in Lightning's `Timer`, as its value.

        Parsing has checked it, so it is not checked again at each dump.
        """
        return str(super().dump(_with_plain_enums(cfg.clone()), *args, **{"skip_validation": True, **kwargs}))


def _with_plain_enums(value: Any) -> Any:
    """Replace members of string enums by their strings, in place."""
    if isinstance(value, Enum) and isinstance(value, str):
        return str(value.value)
    if isinstance(value, Namespace | dict):
        for key, each in list(vars(value).items() if isinstance(value, Namespace) else value.items()):
            value[key] = _with_plain_enums(each)
    if isinstance(value, list):
        return [_with_plain_enums(each) for each in value]
    return value


def options_of(parser: argparse.ArgumentParser) -> list[str]:
    """Options of a parser, sorted, with their leading dashes."""
    return sorted(option for action in parser._actions for option in action.option_strings if option.startswith("--"))


def class_names() -> set[str]:
    """Names of all classes that a config may mean, as far as they are imported."""
    classes, names = list(BASES), set()
    while classes:
        each = classes.pop()
        names.add(each.__name__)
        classes += each.__subclasses__()
    return names
