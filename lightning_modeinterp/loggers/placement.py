"""Place loggers in the run directory, and resume them from the checkpoint of a resumed fit."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jsonargparse import Namespace, dict_to_namespace

from lightning_modeinterp.run_directory import RunDirectory

LEFT_OUT = (None, ".", "lightning_logs")
"""Default values of Lightning's loggers."""

PACKAGE = "lightning_modeinterp.loggers"


def place_loggers(logger: Any, run: RunDirectory, command: str, resumed_step: int | None = None) -> Any:
    """Fill in missing settings of the trainer's ``logger``, so that every log goes to the run directory.

    CSV and TensorBoard write to ``<run>/logs/<command>``. In W&B a fit is one run, however often it is resumed; each
    other command is a separate run in the same group. Lightning's `CSVLogger` and `WandbLogger` are replaced by ours,
    which can be resumed. Unknown loggers are not changed.

    Args:
        logger: The config's value: None or True for the default, which is CSV; False for none; an entry with
            ``class_path`` and ``init_args``, or a list of entries. It is not changed.
        run: The run directory.
        command: fit, validate, test or predict.
        resumed_step: Optimiser steps of the checkpoint from which a fit resumes. None starts new logs.
    """
    if logger is False:
        return False
    if logger in (None, True):
        logger = {"class_path": f"{PACKAGE}.CSVHistory", "init_args": {}}
    if isinstance(logger, list | tuple):
        return [place_loggers(entry, run, command, resumed_step) for entry in logger]
    entry = logger.clone() if isinstance(logger, Namespace) else dict_to_namespace(logger)
    if place := PLACES.get(entry.class_path.rpartition(".")[2]):
        entry.init_args = entry.get("init_args") or dict_to_namespace({})
        place(entry, run, command, resumed_step)
    return entry


def _place_csv(entry: Namespace, run: RunDirectory, command: str, resumed_step: int | None) -> None:
    entry.class_path = f"{PACKAGE}.CSVHistory"
    entry.init_args.pop("flush_logs_every_n_steps", None)  # ours writes every row immediately
    _fill(entry, save_dir=str(run.path), name="logs", version=command, keep_before_step=resumed_step)


def _place_tensorboard(entry: Namespace, run: RunDirectory, command: str, resumed_step: int | None) -> None:
    # TensorBoard hides entries of earlier files in the folder from this step on
    _fill(entry, save_dir=str(run.path), name="logs", version=command, purge_step=resumed_step or 0)


def _place_wandb(entry: Namespace, run: RunDirectory, command: str, resumed_step: int | None) -> None:
    project = os.environ.get("WANDB_PROJECT", "modeinterp")
    name, group = f"{run.experiment}/{run.name}", os.environ.get("WANDB_RUN_GROUP", run.experiment)
    _fill(entry, save_dir=str(run.path), project=project, name=name, group=group, job_type=command)
    _fill(entry, resume="allow")  # Lightning's default, which is lost if a config does not set it
    entry.class_path = f"{PACKAGE}.SteadyWandbLogger"
    if command == "fit":
        entry.class_path = f"{PACKAGE}.WandbHistory"
        _fill(entry, record=str(run.path / "logs" / "fit" / "wandb.jsonl"), keep_before_step=resumed_step)


PLACES: dict[str, Callable[[Namespace, RunDirectory, str, int | None], None]] = {
    "CSVLogger": _place_csv,
    "CSVHistory": _place_csv,
    "TensorBoardLogger": _place_tensorboard,
    "WandbLogger": _place_wandb,
    "SteadyWandbLogger": _place_wandb,
    "WandbHistory": _place_wandb,
}


def _fill(entry: Namespace, **values: str | int | Path | None) -> None:
    for name, value in values.items():
        if entry.init_args.get(name) in LEFT_OUT:
            entry.init_args[name] = value
