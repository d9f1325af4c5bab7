"""A progress bar of the optimiser steps of a fit, with their rate and the time left."""

from typing import Any

import lightning as L
from lightning.pytorch.callbacks import RichProgressBar


class StepsBar(RichProgressBar):
    """Lightning's bar, over all steps for fits that are limited by ``trainer.max_steps``, unchanged otherwise.

    Lightning's bar restarts in each epoch, of which there are hundreds for small data, and cannot show when training
    ends.
    """

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Continue from the previous epoch."""
        if not _counts_steps(trainer):
            super().on_train_epoch_start(trainer, pl_module)
        elif self.progress is not None and self.train_progress_bar_id is None:
            self.train_progress_bar_id = self.progress.add_task(
                "Steps", total=trainer.max_steps, completed=trainer.global_step
            )

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count the optimiser steps."""
        if not _counts_steps(trainer):
            super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)
            return
        if self.is_enabled and self.train_progress_bar_id is None:  # resumed within an epoch
            self.on_train_epoch_start(trainer, pl_module)
        self._update(self.train_progress_bar_id, trainer.global_step)
        self._update_metrics(trainer, pl_module)


def _counts_steps(trainer: L.Trainer) -> bool:
    return trainer.max_steps > 0
