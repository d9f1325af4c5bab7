"""The interface of noise schedules: ``gamma(t) = -log SNR(t)``, rising from t = 0 (data) to t = 1 (noise)."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.func import jvp

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.init_args import init_args
from lightning_modeinterp.records import NoiseLevel

BISECTIONS = 53
"""Number of bits of a float64 in [0, 1]."""


@dataclass(frozen=True)
class NoiseRate:
    """Noise levels, and the rate at which the noise grows there.

    Args:
        level: The levels, (B,).
        slope: The derivative ``gamma'(t)``, (B,).
        interior: Tensors (B,) through which all gradients to the learned part of the schedule between its ends pass.
            None for a fixed schedule.
    """

    level: NoiseLevel
    slope: Tensor
    interior: tuple[Tensor, ...] = ()


class NoiseSchedule(nn.Module, ABC):
    """How the noise grows with time. A subclass implements `gamma`.

    Args:
        num_steps: Number T of levels of the discrete grid, index i at ``t = i / (T - 1)``; at least 2.

    Raises:
        ConfigurationError: For fewer than 2 steps.
    """

    is_continuous: ClassVar[bool] = False
    """Whether a sampler may stop at any time, not only at the levels of the grid."""

    def __init__(self, num_steps: int = 1000) -> None:
        super().__init__()
        self._init_args = init_args(self)
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
        return self._level(t, self.gamma(t))

    def rate(self, t: Tensor) -> NoiseRate:
        """Noise levels at the times t, shape (B,), with ``gamma'(t)`` by forward mode."""
        gamma, slope = with_slope(self.gamma, t)
        return NoiseRate(self._level(t, gamma), slope)

    @torch.no_grad()
    def grid(self) -> NoiseLevel:
        """The T discrete levels in float64, cleanest first."""
        return self.level(torch.linspace(0, 1, self.num_steps, dtype=torch.float64))

    @property
    @torch.no_grad()
    def reach(self) -> tuple[float, float]:
        """Lowest and highest sigma / alpha, the noise in units of the model's data."""
        least, most = self.level(torch.tensor([0.0, 1.0], dtype=torch.float64)).noise_to_signal.tolist()
        return least, most

    def reaches(self, noise_to_signal: float) -> bool:
        """Whether the schedule has a level of that sigma / alpha."""
        least, most = self.reach
        return least <= noise_to_signal <= most

    @torch.no_grad()
    def level_at(self, noise_to_signal: float) -> NoiseLevel:
        """The level of a given amount of noise; gamma is inverted by bisection.

        Args:
            noise_to_signal: sigma / alpha, the noise in units of the model's data.

        Returns:
            Shape (1,), float64. Its time may be between two levels of the grid.

        Raises:
            ConfigurationError: If the schedule does not reach that much or that little noise.
        """
        if not self.reaches(noise_to_signal):  # nan too
            least, most = self.reach
            raise ConfigurationError(
                f"noise_to_signal: expected the noise schedule's {least:.4g} to {most:.4g}, got {noise_to_signal:.4g}; "
                "use another level or extend the schedule"
            )
        low, high = 0.0, 1.0
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            noise = self.level(torch.tensor([middle], dtype=torch.float64)).noise_to_signal.item()
            low, high = (middle, high) if noise < noise_to_signal else (low, middle)
        return self.level(torch.tensor([high], dtype=torch.float64))

    def _level(self, t: Tensor, gamma: Tensor) -> NoiseLevel:
        return NoiseLevel(t, gamma)


def with_slope(function: Callable[[Tensor], Tensor], t: Tensor) -> tuple[Tensor, Tensor]:
    """Values of an elementwise function of t and their derivatives, by forward mode.

    Example:
        >>> with_slope(torch.square, torch.tensor([3.0]))
        (tensor([9.]), tensor([6.]))
    """
    values, slopes = jvp(function, (t,), (torch.ones_like(t),))[:2]
    return values, slopes


def check_num_steps(num_steps: int) -> None:
    """Raise a `ConfigurationError` for fewer than 2 steps."""
    if num_steps < 2:
        raise ConfigurationError(f"noise_schedule.num_steps: expected at least 2, got {num_steps}")
