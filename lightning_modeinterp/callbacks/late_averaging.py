"""Weight averaging that starts late.

Lightning's average is a copy of the initial weights until its first update. Until then, validation and checkpoints
would use an untrained model. So here the average follows the weights until then; the first update starts from the
weights in any case.
"""

from itertools import chain
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback, WeightAveraging
from torch import Tensor, nn


class LateAveraging(Callback):
    """Let a weight average that has not started follow the weights. Without such an average it does nothing."""

    def __init__(self) -> None:
        self._last_updates: dict[WeightAveraging, tuple[int, int]] = {}  # of the averages that have not started

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Find the averages without an update; only here, since this synchronises with the GPU."""
        averages = [each for each in trainer.callbacks if isinstance(each, WeightAveraging)]  # type: ignore[attr-defined]
        self._last_updates = {
            each: _last_update(each)
            for each in averages
            if each._average_model is not None and int(each._average_model.n_averaged) == 0
        }

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Follow the weights, and drop averages that have started since."""
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
