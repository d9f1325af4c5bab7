"""Ancestral sampling: draw from a Gaussian around the posterior mean ``q(x_s | x_t, x_0 = x_0_hat)``.

With ``beta = sigma_{t|s}^2 = sigma_t^2 (1 - e^{gamma_s - gamma_t})``, the noise that the step from s to t adds,

    mean = (alpha_t / alpha_s) (sigma_s / sigma_t)^2 x_t + alpha_s beta / sigma_t^2 x_0_hat
    variance = beta (fixed large)  or  beta sigma_s^2 / sigma_t^2 (fixed small)

(Ho et al. 2020, equations 6 and 7 and section 3.2; in gamma Kingma et al. 2021, appendix A.4).
"""

from typing import Literal

import torch
from torch.nn.functional import logsigmoid

from lightning_modeinterp.diffusion.samplers.base import Sampler, UpdateScales
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel


class AncestralSampler(Sampler):
    """The DDPM sampler; with ``fixed_small`` that of variational diffusion models (Kingma et al. 2021, appendix A.4).

    Args:
        num_steps: Number S of levels, evenly spaced over the schedule's T, or over time, in any number, on a
            continuous schedule. All T of them if None.
        start_alpha_bar: Start at the noisiest level whose alpha^2 reaches this. 0 starts at t = 1, as published.
        variance: ``fixed_large`` as in the mode interpolation paper's code, optimal for data distributed as N(0, I);
            ``fixed_small``, optimal for data at a single point.
        x_0_range: Clip x_0_hat to this range, lowest and highest value in model units, before each step; the implied
            noise follows. Trajectory statistics see the clipped x_0_hat. No clipping if None, as published.

    Raises:
        ConfigurationError: For another variance, num_steps < 2, start_alpha_bar outside [0, 1) or an empty range.
    """

    def __init__(
        self,
        num_steps: int | None = None,
        start_alpha_bar: float = 0.0,
        variance: Literal["fixed_large", "fixed_small"] = "fixed_large",
        x_0_range: tuple[float, float] | None = None,
    ) -> None:
        super().__init__(num_steps, start_alpha_bar, x_0_range)
        if variance not in ("fixed_large", "fixed_small"):
            raise ConfigurationError(f"sampler.variance: expected fixed_large or fixed_small, got {variance}")
        self.variance = variance

    def update_scales(self, level: NoiseLevel, next_level: NoiseLevel) -> UpdateScales:
        """See `Sampler.update_scales`."""
        added = -torch.expm1(next_level.gamma - level.gamma)  # beta / sigma_t^2
        alpha_ratio = torch.exp((logsigmoid(-level.gamma) - logsigmoid(-next_level.gamma)) / 2)
        sigma_ratio_squared = (next_level.sigma / level.sigma).square()
        beta = added * level.sigma.square()
        variance = beta if self.variance == "fixed_large" else beta * sigma_ratio_squared
        is_last = torch.isinf(next_level.gamma)
        return UpdateScales(
            x_t=alpha_ratio * sigma_ratio_squared,
            x_0_hat=next_level.alpha * added,
            noise=variance.sqrt().masked_fill(is_last, 0.0),
        )
