"""A callback that notes when training steps begin; named by ``class_path`` in a benchmark's command."""

import time
from typing import Any, ClassVar

import lightning as L
from lightning.pytorch.callbacks import Callback


class StepClock(Callback):
    """Notes CPU and wall time at the beginning of each step of the last fit."""

    starts: ClassVar[list[tuple[float, float]]] = []

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Forget earlier fits."""
        self.starts.clear()

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Note the time."""
        self.starts.append((time.process_time(), time.perf_counter()))
