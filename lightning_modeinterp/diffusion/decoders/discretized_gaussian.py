"""Discrete data, such as images: ``p(x_0 | z_0) ~ exp(-(v - z_0 / alpha_0)^2 e^{-gamma_0} / 2)`` over levels v.

(Kingma et al. 2021, section 3.3.) Coordinates are independent given z_0.
"""

import torch
from torch import Tensor

from lightning_modeinterp.diffusion.decoders.base import Decoder
from lightning_modeinterp.diffusion.parameterization import expand
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel

_TOLERANCE = 0.01  # of the distance between two levels


class DiscretizedGaussianDecoder(Decoder):
    """A softmax over evenly spaced levels. It needs memory for num_levels numbers per coordinate.

    Args:
        num_levels: Number of levels, at least 2; 256 for bytes.
        low: The lowest level, model units.
        high: The highest level, model units.

    Raises:
        ConfigurationError: For fewer than 2 levels, or unless low < high.
    """

    def __init__(self, num_levels: int = 256, low: float = -1.0, high: float = 1.0) -> None:
        super().__init__()
        if num_levels < 2 or not low < high:
            raise ConfigurationError(
                f"decoder: expected num_levels >= 2 and low < high, got {num_levels}, {low} and {high}"
            )
        self.num_levels, self.low, self.high = num_levels, low, high

    def levels(self, like: Tensor) -> Tensor:
        """The levels, (num_levels,), model units, on the device and in the dtype of ``like``."""
        return torch.linspace(self.low, self.high, self.num_levels, device=like.device, dtype=like.dtype)

    def log_likelihood(self, x_0: Tensor, z_0: Tensor, level: NoiseLevel) -> Tensor:
        """See `Decoder.log_likelihood`; a probability.

        Raises:
            ConfigurationError: If data are between the levels or outside.
        """
        position = (x_0 - self.low) / (self.high - self.low) * (self.num_levels - 1)
        index = position.round().clamp(0, self.num_levels - 1)
        if ((position - index).abs() > _TOLERANCE).any():
            raise ConfigurationError(
                f"decoder: expected data on {self.num_levels} levels from {self.low} to {self.high}, got others; set "
                "num_levels, low and high to those of the data, or use GaussianDecoder for continuous data"
            )
        error = self.levels(z_0) - (z_0 / expand(level.alpha, z_0)).unsqueeze(-1)
        scores = -0.5 * (error / expand(level.noise_to_signal, error)).square()
        chosen = torch.log_softmax(scores, -1).gather(-1, index.long().unsqueeze(-1))
        return chosen.flatten(1).sum(1)
