"""`ReduceLROnPlateau` with validations that count steps.

Lightning steps it at the end of epochs, or counts steps from 0 in each. With epochs of a second and a validation every
few thousand steps, neither coincides with one. Here it is stepped after each validation, before a checkpoint is saved.
"""

import difflib
import sys
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from lightning_modeinterp.errors import ConfigurationError

MONITOR = "val/loss"
"""Metric for PyTorch's own class, which names none; Lightning's subclass names one."""


def with_plateau(scheduler: LRScheduler) -> dict[str, Any]:
    """The scheduler as Lightning expects it: stepped every optimiser step, or by `StepOnPlateau` alone."""
    if not isinstance(scheduler, ReduceLROnPlateau):
        return {"scheduler": scheduler, "interval": "step"}
    monitor = getattr(scheduler, "monitor", MONITOR)
    return {"scheduler": scheduler, "monitor": monitor, "interval": "epoch", "frequency": sys.maxsize}


class StepOnPlateau(Callback):
    """Step each `ReduceLROnPlateau` after a validation."""

    def on_fit_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Refuse a fit without validations.

        Raises:
            ConfigurationError: If there are none.
        """
        is_waiting = any(each.reduce_on_plateau for each in trainer.lr_scheduler_configs)
        if is_waiting and trainer.limit_val_batches == 0:
            raise ConfigurationError(
                "model.lr_scheduler: expected validations, after which ReduceLROnPlateau lowers the rate, got "
                "trainer.limit_val_batches 0; use another scheduler or remove that"
            )

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Take a step.

        Raises:
            ConfigurationError: If the metric was not logged.
        """
        if trainer.state.fn != "fit" or trainer.sanity_checking:
            return
        for each in trainer.lr_scheduler_configs:
            if each.reduce_on_plateau:
                each.scheduler.step(_measured(str(each.monitor), trainer.callback_metrics))


def _measured(name: str, metrics: dict[str, Any]) -> Any:
    if name not in metrics:
        near = difflib.get_close_matches(name, metrics, n=1)
        raise ConfigurationError(
            f"model.lr_scheduler.monitor: expected a metric that validation logs, got {name}; "
            + (f"did you mean {near[0]}?" if near else f"logged are {', '.join(sorted(metrics))}")
        )
    return metrics[name]
