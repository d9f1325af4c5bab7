"""Schedules given by one beta per step, ``q(x_i | x_{i-1}) = N(sqrt(1 - beta_i) x_{i-1}, beta_i)`` (Ho et al. 2020).

``alpha_bar_i = prod_{j <= i} (1 - beta_j)`` is the ``alpha^2`` of step i, so
``gamma_i = log(1 - alpha_bar_i) - log(alpha_bar_i)``. Between two steps gamma is interpolated linearly.
"""

import math

import torch
from torch import Tensor

from lightning_modeinterp.diffusion.noise_schedules.base import NoiseSchedule, check_num_steps
from lightning_modeinterp.errors import ConfigurationError


class BetaSchedule(NoiseSchedule):
    """A schedule from a list of betas.

    Args:
        betas: (T,) float64, each in (0, 1), cleanest step first.
    """

    def __init__(self, betas: Tensor) -> None:
        super().__init__(num_steps=len(betas))
        log_alpha_bar = torch.log1p(-betas.double()).cumsum(0)
        # a plain attribute, not a buffer: stays float64 when the module is cast, and is never averaged by EMA
        self.gamma_grid = torch.log(-torch.expm1(log_alpha_bar)) - log_alpha_bar

    def gamma(self, t: Tensor) -> Tensor:
        """Interpolate the T values linearly; exact at ``t = i / (T - 1)``. See `NoiseSchedule.gamma`."""
        grid = self.gamma_grid.to(t.device)
        position = t.double() * (self.num_steps - 1)
        below = position.floor().long().clamp(0, self.num_steps - 2)
        return torch.lerp(grid[below], grid[below + 1], position - below).to(t.dtype)


class LinearBetaSchedule(BetaSchedule):
    """Betas that rise linearly.

    Args:
        num_steps: Number T of steps.
        beta_start: First beta. 1e-4 is the usual value; the mode interpolation paper's code uses 0.001.
        beta_end: Last beta. 0.02 is the usual value; the mode interpolation paper's code uses 0.2.

    Raises:
        ConfigurationError: Unless 0 < beta_start <= beta_end < 1.

    References:
        Ho et al. 2020, section 4 (1e-4, 0.02 at T = 1000).
    """

    def __init__(self, num_steps: int = 1000, beta_start: float = 1e-4, beta_end: float = 0.02) -> None:
        if not 0 < beta_start <= beta_end < 1:
            raise ConfigurationError(f"betas: expected 0 < beta_start <= beta_end < 1, got {beta_start} and {beta_end}")
        check_num_steps(num_steps)
        super().__init__(torch.linspace(beta_start, beta_end, num_steps, dtype=torch.float64))


class CosineSchedule(BetaSchedule):
    """``alpha_bar(u) ~ cos^2(pi/2 (u + s) / (1 + s))`` at u = i / T, with every beta capped.

    Args:
        num_steps: Number T of steps.
        offset: s, keeps the first betas from vanishing.
        max_beta: Cap on the last betas, < 1.

    Raises:
        ConfigurationError: For offset < 0 or max_beta outside (0, 1).

    References:
        Nichol and Dhariwal 2021, equation 17.
    """

    def __init__(self, num_steps: int = 1000, offset: float = 0.008, max_beta: float = 0.999) -> None:
        if offset < 0 or not 0 < max_beta < 1:
            raise ConfigurationError(
                f"cosine: expected offset >= 0 and max_beta in (0, 1), got {offset} and {max_beta}"
            )
        check_num_steps(num_steps)
        super().__init__(cosine_betas(num_steps, offset, max_beta))


def cosine_betas(num_steps: int, offset: float = 0.008, max_beta: float = 0.999) -> Tensor:
    """Betas (T,) float64 of `CosineSchedule`, cleanest step first."""
    u = torch.linspace(0, 1, num_steps + 1, dtype=torch.float64)
    alpha_bar = torch.cos((u + offset) / (1 + offset) * math.pi / 2).square()
    return (1 - alpha_bar[1:] / alpha_bar[:-1]).clamp(max=max_beta)
