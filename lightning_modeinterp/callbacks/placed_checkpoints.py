"""Lightning's `ModelCheckpoint` in a run directory.

By default it saves in the first logger's folder, turns the slash in a metric's name into a folder, and restarts its
search for the best if the folder was renamed.
"""

import re
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback, ModelCheckpoint

from lightning_modeinterp.checkpoint_paths import with_paths_in
from lightning_modeinterp.errors import ConfigurationError

_METRIC = re.compile(r"\{([^:}]+)")


class PlacedCheckpoints(Callback):
    """Let each `ModelCheckpoint` without a ``dirpath`` save to ``checkpoints`` beside ``last.ckpt``, in plain files."""

    def __init__(self) -> None:
        self._placed: list[ModelCheckpoint] = []

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Set their folders; Lightning sets up checkpoint callbacks last.

        Raises:
            ConfigurationError: If one would write ``last.ckpt``.
        """
        each: ModelCheckpoint
        for each in trainer.checkpoint_callbacks:  # type: ignore[assignment]
            if isinstance(each, ModelCheckpoint) and each.dirpath is None:
                _refuse_last(each)
                _name_plainly(each)
                each.dirpath = str((Path(trainer.default_root_dir) / "checkpoints").resolve())
                self._placed.append(each)

    def on_load_checkpoint(self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]) -> None:
        """Update the path of the best checkpoint to where the run directory is now."""
        states = checkpoint["callbacks"]
        for each in self._placed:
            if each.state_key in states:
                states[each.state_key] = with_paths_in(states[each.state_key], Path(str(each.dirpath)))


def _refuse_last(callback: ModelCheckpoint) -> None:
    if callback.save_last or callback.filename == callback.CHECKPOINT_NAME_LAST:
        raise ConfigurationError(
            "trainer.callbacks: expected a ModelCheckpoint that leaves last.ckpt alone, got "
            + ("save_last" if callback.save_last else "filename: last")
            + "; the newest state is always saved there, every --checkpoint.every_n_steps"
        )


def _name_plainly(callback: ModelCheckpoint) -> None:
    """Use metric names without slashes in the file name, as in ``val_loss=0.12``."""
    if callback.filename and callback.auto_insert_metric_name:
        callback.filename = _METRIC.sub(lambda found: f"{found[1].replace('/', '_')}={{{found[1]}", callback.filename)
        callback.auto_insert_metric_name = False
