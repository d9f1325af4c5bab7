"""One checkpoint a run, always the newest: ``checkpoints/last.ckpt``."""

from typing import Any

import lightning as L
from lightning.pytorch.callbacks import ModelCheckpoint


class LastCheckpoint(ModelCheckpoint):
    """Save every n optimiser steps and when training is over.

    Lightning's own checkpoint leaves out the last steps where n does not divide their number, and a second run in one
    folder quietly writes ``last-v1.ckpt``.

    Args:
        every_n_steps: Optimiser steps between two saves.
        dirpath: Where to save; the command line takes it from the run directory.
    """

    def __init__(self, every_n_steps: int = 1000, dirpath: str | None = None) -> None:
        super().__init__(
            dirpath=dirpath,
            save_top_k=0,
            save_last=True,
            every_n_train_steps=every_n_steps,
            enable_version_counter=False,
        )

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save every n steps and after the last one.

        Not at the end of the epoch, from where Lightning does not go on exactly when steps, not epochs, are counted;
        nor at the end of training, when an averaging callback has put its weights in place of the raw ones.
        """
        super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)
        is_over = (
            trainer.should_stop
            or 0 < trainer.max_steps <= trainer.global_step
            or (trainer.is_last_batch and trainer.current_epoch + 1 == trainer.max_epochs)
        )
        if is_over and not self._should_skip_saving_checkpoint(trainer):
            self._save_last_checkpoint(trainer, self._monitor_candidates(trainer))

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Save nothing: the last batch did."""

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Save nothing: the last batch did."""
