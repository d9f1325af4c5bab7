"""From an error to its one-line message, and whether its traceback is shown too.

What a user got wrong is a `ConfigurationError` where this package looks for it. The rest is raised by others:

- **Libraries**: what OmegaConf, the parser, Lightning and torch raise while they read the config, restore a
  checkpoint or begin the first step is about what the user asked for. One line says it.
- **The file system**: a full disk, or a folder that may not be written, is one line at any time.
- **The user's own classes**: the traceback is what helps, below a line that names the class.

Everything else is a fault of ours, or deep in training, and keeps its traceback.
"""

import errno
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import Logger
from omegaconf.errors import OmegaConfBaseException

from lightning_modeinterp.cli.library_messages import in_one_line, interpolation_line, names_a_metric
from lightning_modeinterp.cli.raised_by import PACKAGE, Call, answerable, calls_of, class_named
from lightning_modeinterp.configuration.parser import class_names
from lightning_modeinterp.configuration.parser_errors import first_of, one_line
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.modules import NonFiniteLossError

REFUSING = (
    *("lightning.", "torch.optim.", "torch.nn.modules.module", "torch.distributed.", "wandb.", "tensorboard."),
    *("importlib.", "lightning_utilities."),
)
"""Modules that check their input and raise a helpful message."""

PASSING_ON = tuple(f"{PACKAGE}.{room}." for room in ("cli", "configuration", "loggers"))
"""Rooms that pass the user's settings to a library. A wrong call from any other room is our own bug."""

RESTORING = "lightning.pytorch.trainer.connectors.checkpoint_connector"
"""The module in which Lightning restores a checkpoint."""

SECTIONS: tuple[tuple[type, str], ...] = (
    (Callback, "trainer.callbacks"),
    (Logger, "trainer.logger"),
    (torch.optim.lr_scheduler.LRScheduler, "model.lr_scheduler"),
    (torch.optim.Optimizer, "model.optimizer"),
)
"""The section of a config that names objects of a class."""

SURROUNDINGS = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "make room, or choose another --run.root"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "choose a place that you may read and write"),
    **dict.fromkeys((errno.ENOTDIR, errno.EISDIR, errno.ELOOP), "something else has that name; move it away"),
    errno.ENAMETOOLONG: "choose a shorter name",
    **dict.fromkeys((errno.EIO, errno.ESTALE), "check that disk or mount"),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), "raise the limit, ulimit -n"),
}
"""Errors of the file system that are not our bugs, and their remedy. A missing file may be a bug, so it is not here."""


@dataclass(frozen=True)
class Said:
    """What the user sees of an error.

    Args:
        line: The one-line message.
        status: Exit status of the command.
        shown: The error whose traceback is shown below; None for the line alone.
    """

    line: str
    status: int = 2
    shown: BaseException | None = None


def said_of(error: Exception) -> Said | None:
    """What the user sees of an error; None if only its traceback helps.

    Args:
        error: The error that ended a command.
    """
    if known := first_of((ConfigurationError,), error):
        return Said(_joined(str(known)))
    if diverged := first_of((NonFiniteLossError,), error):
        return Said(_joined(str(diverged)), status=1)
    if isinstance(error, OmegaConfBaseException):
        return Said(interpolation_line(error))
    beneath, calls = _beneath_the_parser(error)
    by = answerable(calls)
    if by is None:
        return None
    if not by.is_ours:
        name = type(beneath).__name__
        return Said(
            f"{class_named(by)}, which is not of this package, raised {name}: {_joined(str(beneath))}", 1, beneath
        )
    if (line := _of_surroundings(beneath, calls)) or (line := _of_a_library(beneath, calls, by)):
        return Said(line)
    return None


def _beneath_the_parser(error: BaseException) -> tuple[BaseException, list[Call]]:
    """The error that the parser wraps when it instantiates a class of a config, and all calls that led to it."""
    calls = calls_of(error)
    while _is_the_parsers(error) and error.__cause__ is not None:
        error = error.__cause__
        calls = [*calls_of(error), *calls]
    return error, calls


def _is_the_parsers(error: BaseException) -> bool:
    calls = calls_of(error)
    return bool(calls) and calls[0].module.startswith("jsonargparse.")


def _of_surroundings(error: BaseException, calls: list[Call]) -> str | None:
    """The message for an error of the file system or of memory."""
    if isinstance(error, torch.cuda.OutOfMemoryError):
        return f"memory: {in_one_line(error)}; take a smaller data.batch_size or generation.block_size"
    found = re.search(r"\(os error (\d+)\)", str(error))  # as safetensors says it
    number = error.errno if isinstance(error, OSError) else int(found[1]) if found else None
    if number not in SURROUNDINGS:
        return None
    path = getattr(error, "filename2", None) or getattr(error, "filename", None) or _path_at_work(calls)
    return f"{path or 'files'}: {os.strerror(number)}; {SURROUNDINGS[number]}"


def _path_at_work(calls: list[Call]) -> Any:
    names = ("path", "filepath", "filename", "file", "folder", "aside")
    values = (call.frame.f_locals.get(name) for call in calls for name in names)
    return next((value for value in values if isinstance(value, str | Path)), None)


def _of_a_library(error: BaseException, calls: list[Call], by: Call) -> str | None:
    """The message for what a library refuses, with the section of the config that it is about."""
    if _is_the_parsers(error):  # of a list, which leaves no trace of what its parts raised
        return one_line(str(error), (), class_names())
    is_refused = calls[0].module.startswith(REFUSING) and (calls[0].is_raise or isinstance(error, OSError))
    is_missing = isinstance(error, ImportError)
    is_meant = (is_refused or is_missing) and f"{by.module}.".startswith(PASSING_ON) and _has_just_begun(calls)
    is_named = calls[0].module.startswith("lightning.pytorch.callbacks.") and names_a_metric(error)
    if isinstance(error, MisconfigurationException) or is_meant or is_named:
        section, name = _section_of(calls)
        return f"{section}: {name}{in_one_line(error)}"
    return None


def _section_of(calls: list[Call]) -> tuple[str, str]:
    """Which section of a config an error is about, and the name of the class, with a colon."""
    owners = [
        (key, f"{type(call.instance).__name__}: ")
        for call in calls
        for kind, key in SECTIONS
        if isinstance(call.instance, kind)
    ]
    section, name = owners[0] if owners else ("trainer", "")
    return ("ckpt_path" if any(call.module == RESTORING for call in calls) else section), name


def _has_just_begun(calls: list[Call]) -> bool:
    """Whether no batch has been trained on since the command began."""
    is_looping = any(call.module.startswith("lightning.pytorch.loops.training_epoch_loop") for call in calls)
    trainers = [call.instance for call in calls if isinstance(call.instance, L.Trainer)]
    return not is_looping or all(trainer.global_step == 0 for trainer in trainers)


def _joined(text: str) -> str:
    return " ".join(text.split())
