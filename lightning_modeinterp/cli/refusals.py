"""Checks that need all parts of a command together, made before anything is computed or written."""

import os
from collections.abc import Mapping
from typing import Any

import lightning as L
from jsonargparse import Namespace
from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning.pytorch.callbacks import BatchSizeFinder, Callback, LearningRateFinder, WeightAveraging

from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.modules import DiffusionModule

HALF_PRECISION = ("16-true", "bf16-true", "transformer-engine", "transformer-engine-float16")

INTERVALS = ("val_check_interval", "check_val_every_n_epoch", "log_every_n_steps", "accumulate_grad_batches")
"""Trainer arguments that count how often something is done."""


def refuse_random_weights(command: str, model: DiffusionModule, is_meant: bool) -> None:
    """Refuse to evaluate random weights, unless that is intended or the model has none to train."""
    if command != "fit" and not is_meant and model.needs_checkpoint:
        raise ConfigurationError(
            f"ckpt_path: expected a checkpoint, since {command} of random weights means nothing, got none; give "
            "--ckpt_path last or a file (--allow_untrained true if you mean it)"
        )


def refuse_half_precision(command: str, data: ModeInterpDataModule, precision: str) -> None:
    """Refuse to draw samples in half precision; mixed precision is fine."""
    draws = command != "fit" or data.generation.monitor.num_samples > 0
    if draws and precision in HALF_PRECISION:
        raise ConfigurationError(
            f"trainer.precision: expected 32-true, 16-mixed or bf16-mixed to draw samples, got {precision}, which "
            "would round trajectories to half precision and drown the variances that detect"
        )


def refuse_uneven_batches(data: ModeInterpDataModule, trainer: L.Trainer) -> None:
    """Refuse a global batch that the processes cannot share, before a launcher starts them."""
    num_processes = trainer.num_devices * trainer.num_nodes
    if data.batch_size % num_processes:
        raise ConfigurationError(
            f"data.batch_size: expected a multiple of the {num_processes} processes, since it is the global "
            f"batch size, got {data.batch_size}"
        )


def refuse_processes_apart(trainer: L.Trainer, is_first: bool) -> None:
    """Refuse processes of one launcher that would run independently in the same run directory.

    Args:
        trainer: The trainer, with the number of processes from the config.
        is_first: Whether this process is the one that writes.
    """
    started = int(os.environ["WORLD_SIZE"]) if TorchElasticEnvironment.detect() else None
    if (started is None or started == trainer.world_size) and (is_first or not trainer.is_global_zero):
        return
    raise ConfigurationError(
        f"trainer.devices: expected as many processes as the launcher has started{f', {started},' if started else ''} "
        f"got {trainer.world_size} (devices x num_nodes); set --trainer.devices, --trainer.num_nodes and "
        "--trainer.strategy ddp accordingly, or start one process"
    )


def refuse_seed(seed: object) -> None:
    """Refuse a seed that is not a number or out of range."""
    if type(seed) is not int or not 0 <= seed < 2**32:
        raise ConfigurationError(
            f"seed_everything: expected a number from 0 to 2^32 - 1, got {seed}; a fixed seed makes a run repeatable"
        )


def refuse_weights_only(weights_only: bool | None, command: str) -> None:
    """Refuse to unpickle code from a checkpoint, and refuse true, which does not mean to load the weights alone."""
    if weights_only is False:
        raise ConfigurationError(
            "weights_only: expected true or null, got false; a checkpoint holds tensors and plain data, and "
            "unpickling anything else could run foreign code"
        )
    if weights_only and command == "fit":
        raise ConfigurationError(
            "weights_only: expected null for a fit, got true; a checkpoint is always read as plain data, and "
            "--ckpt_path resumes with all of it; to start a new run from the weights alone give --init_from CKPT"
        )


def refuse_intervals(trainer: Namespace) -> None:
    """Refuse intervals of 0 steps, by which Lightning would divide, or less.

    Args:
        trainer: The section ``trainer`` of the config.
    """
    for name in INTERVALS:
        value = trainer.get(name)
        if isinstance(value, int | float) and value <= 0:
            raise ConfigurationError(f"trainer.{name}: expected a number > 0, got {value}")


def refuse_callbacks(callbacks: list[Callback]) -> None:
    """Refuse callbacks of Lightning that need an attribute ``lr`` or change ``batch_size`` during a fit."""
    for callback in callbacks:
        if isinstance(callback, LearningRateFinder | BatchSizeFinder):
            option = "model.init_args.optimizer.init_args.lr" if isinstance(callback, LearningRateFinder) else ""
            raise ConfigurationError(
                f"trainer.callbacks: expected none that tries values during a fit, got {type(callback).__name__}; "
                f"start several runs, each with another --{option or 'data.init_args.batch_size'}"
            )


def refuse_weights_alone(command: str, checkpoint: Mapping[str, Any], path: str | None) -> None:
    """Refuse to resume a fit from a file without the optimiser's state.

    Args:
        command: fit, validate, test or predict.
        checkpoint: Its content; empty for none.
        path: Its path.
    """
    if command == "fit" and checkpoint and "optimizer_states" not in checkpoint:
        raise ConfigurationError(
            f"ckpt_path: expected a checkpoint with the optimiser's state to resume from, got weights alone in {path}, "
            "as `save_weights_only` writes them; use checkpoints/last.ckpt, or start a new run with --init_from"
        )


def refuse_no_batches(command: str, trainer: L.Trainer) -> None:
    """Refuse a command that would do nothing. A fit without validation is fine."""
    limit = {"fit": "limit_train_batches", "validate": "limit_val_batches"}.get(command, f"limit_{command}_batches")
    if getattr(trainer, limit) == 0:
        raise ConfigurationError(f"trainer.{limit}: expected a number > 0, got 0, so {command} has nothing to do")


def rounds_constants(callbacks: list[Callback]) -> bool:
    """Whether a weight average includes constants, so that a resumed fit is not bitwise the same."""
    return any(isinstance(callback, WeightAveraging) and callback._use_buffers for callback in callbacks)
