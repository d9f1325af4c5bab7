"""Averaging of the weights that begins late.

Lightning's average begins as a copy of the weights before training and stays that until its first update. All the while
validation, checkpoints and what follows a fit take the average: they would be of an untrained model. So until then the
average is to be the weights themselves, from which the first update begins in any case.
"""

from itertools import chain
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback, WeightAveraging
from torch import Tensor, nn


class LateAveraging(Callback):
    """Let a weight average that has not begun follow the weights. Without such an average it does nothing."""

    def __init__(self) -> None:
        self._last_updates: dict[WeightAveraging, tuple[int, int]] = {}  # of the averages that have not begun

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Find the averages without an update; here alone, since a GPU is waited for."""
        averages = [each for each in trainer.callbacks if isinstance(each, WeightAveraging)]  # type: ignore[attr-defined]
        self._last_updates = {
            each: _last_update(each)
            for each in averages
            if each._average_model is not None and int(each._average_model.n_averaged) == 0
        }

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Follow the weights, and leave alone what has begun since."""
        self._last_updates = {each: last for each, last in self._last_updates.items() if _last_update(each) == last}
        for each in self._last_updates:
            if each._average_model is not None:
                _copy(pl_module, each._average_model.module)


def _last_update(averaging: WeightAveraging) -> tuple[int, int]:
    return averaging._latest_update_step, averaging._latest_update_epoch


@torch.no_grad()
def _copy(source: nn.Module, target: nn.Module) -> None:
    for here, there in zip(_tensors(source), _tensors(target), strict=True):
        there.copy_(here)


def _tensors(module: nn.Module) -> chain[Tensor]:
    return chain(module.parameters(), module.buffers())
