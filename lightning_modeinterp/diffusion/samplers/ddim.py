"""DDIM: keep the predicted noise for the next level, with an adjustable share of fresh noise.

    x_s = alpha_s x_0_hat + sqrt(sigma_s^2 - c^2) eps_hat + c eps,   eps_hat = (x_t - alpha_t x_0_hat) / sigma_t
    c = eta (sigma_s / sigma_t) sqrt(1 - e^{gamma_s - gamma_t}) sigma_t

(Song et al. 2021, equations 12 and 16). eta = 0 is deterministic, eta = 1 is ancestral sampling with fixed small
variance.
"""

import torch

from lightning_modeinterp.diffusion.samplers.base import Sampler, UpdateScales
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel


class DDIMSampler(Sampler):
    """The DDIM sampler.

    Args:
        num_steps: Number S of levels, evenly spaced over the schedule's T, or over time, in any number, on a
            continuous schedule. All T of them if None.
        start_alpha_bar: Start at the noisiest level whose alpha^2 reaches this. 0 starts at t = 1.
        eta: Share of fresh noise in [0, 1].
        x_0_range: Clip x_0_hat to this range, lowest and highest value in model units, before each step; the implied
            noise follows. Trajectory statistics see the clipped x_0_hat. No clipping if None, as published.

    Raises:
        ConfigurationError: For eta outside [0, 1], num_steps < 2, start_alpha_bar outside [0, 1) or an empty range.
    """

    def __init__(
        self,
        num_steps: int | None = None,
        start_alpha_bar: float = 0.0,
        eta: float = 0.0,
        x_0_range: tuple[float, float] | None = None,
    ) -> None:
        super().__init__(num_steps, start_alpha_bar, x_0_range)
        if not 0 <= eta <= 1:
            raise ConfigurationError(f"sampler.eta: expected a number in [0, 1], got {eta}")
        self.eta = eta

    def update_scales(self, level: NoiseLevel, next_level: NoiseLevel) -> UpdateScales:
        """See `Sampler.update_scales`."""
        added = -torch.expm1(next_level.gamma - level.gamma)
        noise = self.eta * next_level.sigma * added.sqrt()
        kept = (next_level.sigma.square() - noise.square()).clamp(min=0).sqrt() / level.sigma
        return UpdateScales(x_t=kept, x_0_hat=next_level.alpha - kept * level.alpha, noise=noise)
