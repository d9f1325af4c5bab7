"""The seam: a noise schedule is ``gamma(t) = -log SNR(t)``, rising from t = 0 (data) to t = 1 (noise)."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel


class NoiseSchedule(nn.Module, ABC):
    """How the noise grows with time. A subclass writes `gamma`.

    Args:
        num_steps: Number T of levels of the discrete grid, index i at ``t = i / (T - 1)``; at least 2.

    Raises:
        ConfigurationError: For fewer than 2 steps.
    """

    def __init__(self, num_steps: int = 1000) -> None:
        super().__init__()
        check_num_steps(num_steps)
        self.num_steps = num_steps

    @abstractmethod
    def gamma(self, t: Tensor) -> Tensor:
        """Negative log signal-to-noise ratio.

        Args:
            t: Times in [0, 1], any shape.

        Returns:
            gamma, same shape and dtype, non-decreasing in t.
        """

    def level(self, t: Tensor) -> NoiseLevel:
        """Noise levels at the times t, shape (B,)."""
        return NoiseLevel(t=t, gamma=self.gamma(t))

    def grid(self) -> NoiseLevel:
        """The T discrete levels in float64, cleanest first."""
        return self.level(torch.linspace(0, 1, self.num_steps, dtype=torch.float64))


def check_num_steps(num_steps: int) -> None:
    """Raise a `ConfigurationError` for fewer than 2 steps."""
    if num_steps < 2:
        raise ConfigurationError(f"noise_schedule.num_steps: expected at least 2, got {num_steps}")
