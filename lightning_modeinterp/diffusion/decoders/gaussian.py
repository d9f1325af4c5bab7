"""Continuous data: ``p(x_0 | z_0) = N(x_0; z_0 / alpha_0, e^{gamma_0} I)``.

This is the posterior of x_0 under a flat prior, and valid if the noise at t = 0 is smaller than any detail of the data.
The bound is then on a density in model units, so it may be negative.
"""

import math

from torch import Tensor

from lightning_modeinterp.diffusion.decoders.base import Decoder
from lightning_modeinterp.diffusion.parameterization import expand
from lightning_modeinterp.records import NoiseLevel


class GaussianDecoder(Decoder):
    """``N(z_0 / alpha_0, e^{gamma_0} I)``: undoes the scaling and keeps the noise."""

    def log_likelihood(self, x_0: Tensor, z_0: Tensor, level: NoiseLevel) -> Tensor:
        """See `Decoder.log_likelihood`; a density in model units."""
        error = (x_0 - z_0 / expand(level.alpha, z_0)) / expand(level.noise_to_signal, z_0)
        return -0.5 * (error.square() + expand(level.gamma, z_0) + math.log(2 * math.pi)).flatten(1).sum(1)
