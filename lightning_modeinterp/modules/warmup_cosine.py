"""A learning rate with linear warm-up and cosine decay."""

import math

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from lightning_modeinterp.errors import ConfigurationError


class WarmupCosine(LRScheduler):
    """Linear warm-up and half a cosine, dependent on the step alone.

    With W warm-up steps of N, and steps t counted from 0, the optimiser's rate is multiplied by (t + 1) / W where
    t < W, and by end + (1 - end) (1 + cos(pi (t - W) / (N - W))) / 2 from there on. After N steps it stays at ``end``.

    Args:
        optimizer: The optimiser.
        num_steps: Total steps N, usually ``trainer.max_steps``.
        num_warmup_steps: Steps W of the warm-up; 0 starts at the full rate.
        end: Share of the rate that is left at the end, in [0, 1].
        last_epoch: Step of the last update; -1 at the beginning.

    Raises:
        ConfigurationError: If a number is out of range.

    Example:
        >>> import torch
        >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        >>> schedule = WarmupCosine(optimizer, num_steps=6, num_warmup_steps=2)
        >>> rates = []
        >>> for _ in range(7):
        ...     rates.append(round(schedule.get_last_lr()[0], 3))
        ...     optimizer.step()
        ...     schedule.step()
        >>> rates
        [0.5, 1.0, 1.0, 0.854, 0.5, 0.146, 0.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        num_steps: int,
        num_warmup_steps: int = 0,
        end: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        if not 0 <= num_warmup_steps < num_steps:
            raise ConfigurationError(
                f"lr_scheduler: expected 0 <= num_warmup_steps < num_steps, got {num_warmup_steps} and {num_steps}"
            )
        if not 0 <= end <= 1:
            raise ConfigurationError(f"lr_scheduler.end: expected a share in [0, 1], got {end}")
        self.num_steps, self.num_warmup_steps, self.end = num_steps, num_warmup_steps, end
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:  # type: ignore[override]  # torch allows tensors
        """Rates of the next step, one per parameter group."""
        return [float(rate) * self._factor(self.last_epoch) for rate in self.base_lrs]

    def _factor(self, step: int) -> float:
        if step < self.num_warmup_steps:
            return (step + 1) / self.num_warmup_steps
        share = min((step - self.num_warmup_steps) / (self.num_steps - self.num_warmup_steps), 1.0)
        return self.end + (1 - self.end) * (1 + math.cos(math.pi * share)) / 2
