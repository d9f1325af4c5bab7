"""Times and positions as sines and cosines, so that a network can distinguish close ones."""

import math

import torch
from torch import Tensor, nn

_NUM_OCTAVES = 4


class SinusoidalEmbedding(nn.Module):
    """Sines and cosines of the step at frequencies from 1 down to 1e-4 (Vaswani et al. 2017, section 3.5).

    Args:
        width: Number of features, even.
    """

    frequencies: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        exponent = torch.linspace(0, 1, width // 2, dtype=torch.float64)
        self.register_buffer("frequencies", torch.exp(-math.log(10_000) * exponent).float(), persistent=False)

    def forward(self, step: Tensor) -> Tensor:
        """Steps (B,) to features (B, width) in [-1, 1]."""
        angle = step.unsqueeze(1) * self.frequencies
        return torch.cat([angle.sin(), angle.cos()], dim=1)


class PixelCoordinates(nn.Module):
    """Append fixed channels with the position of each pixel.

    For u in (0, 1), the centre of the pixel along the height and along the width: ``sin(pi 2^k u)`` and
    ``cos(pi 2^k u)`` for k = 0, 1, 2, 3, from half a turn over the map to four turns.

    Args:
        height: Pixels of the map along the height.
        width: Along the width.
    """

    num_channels = 2 * 2 * _NUM_OCTAVES
    coordinates: Tensor

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        rows = _octaves(height).unsqueeze(2).expand(-1, -1, width)
        columns = _octaves(width).unsqueeze(1).expand(-1, height, -1)
        self.register_buffer("coordinates", torch.cat([rows, columns]).unsqueeze(0), persistent=False)

    def forward(self, h: Tensor) -> Tensor:
        """Features (B, C, height, width) to (B, C + num_channels, height, width)."""
        return torch.cat([h, self.coordinates.to(h.dtype).expand(len(h), -1, -1, -1)], dim=1)


def _octaves(size: int) -> Tensor:
    """Sines and cosines along an axis, (2 _NUM_OCTAVES, size)."""
    place = (torch.arange(size) + 0.5) / size
    angle = math.pi * 2.0 ** torch.arange(_NUM_OCTAVES).unsqueeze(1) * place
    return torch.cat([angle.sin(), angle.cos()])
