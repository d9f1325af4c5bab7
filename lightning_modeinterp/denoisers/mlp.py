"""The network of the paper's Gaussian experiments: residual layers that each receive the time."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lightning_modeinterp.denoisers.base import Denoiser
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel

_SLOPE = 0.02


class MLP(Denoiser):
    """Time-conditioned residual network on vectors.

    linear -> ``depth`` temporal layers -> LayerNorm -> linear. As released by the authors the layers are one layer
    applied three times (tied), the input has no bias and the width is 128: 67,074 parameters on 2D data.

    Args:
        sample_shape: Shape (d,) of one sample; the command line takes it from the data.
        width: Features of every hidden layer and of the time embedding; even.
        depth: Number of temporal layers.
        is_tied: Use one layer ``depth`` times instead of ``depth`` layers.
        has_input_bias: Give the input layer a bias. Without one, the LayerNorm behind it keeps little more of a 1D
            sample than its sign.
        num_steps: Number T of steps on which times are embedded: t in [0, 1] is embedded as step t (T - 1).

    Raises:
        ConfigurationError: For samples that are not vectors, an odd width or depth < 1.
    """

    def __init__(
        self,
        sample_shape: Sequence[int],
        width: int = 128,
        depth: int = 3,
        is_tied: bool = True,
        has_input_bias: bool = False,
        num_steps: int = 1000,
    ) -> None:
        super().__init__(sample_shape)
        if len(self.sample_shape) != 1:
            raise ConfigurationError(f"MLP: expected vectors, sample_shape (d,), got {self.sample_shape}")
        if width < 4 or width % 2 or depth < 1:
            raise ConfigurationError(f"MLP: expected an even width >= 4 and depth >= 1, got {width} and {depth}")
        (dimension,) = self.sample_shape
        self.num_steps, self.depth = num_steps, depth
        self.embedding = SinusoidalEmbedding(width)
        self.time = nn.Sequential(_linear(width, width), nn.LeakyReLU(_SLOPE))
        self.input = _linear(dimension, width, bias=has_input_bias)
        self.layers = nn.ModuleList(TemporalLayer(width) for _ in range(1 if is_tied else depth))
        self.output = nn.Sequential(nn.LayerNorm(width), _linear(width, dimension))

    def forward(self, x_t: Tensor, level: NoiseLevel) -> Tensor:
        """See `Denoiser.forward`."""
        time = self.time(self.embedding(level.t * (self.num_steps - 1)))
        h = self.input(x_t)
        for i in range(self.depth):
            h = self.layers[i % len(self.layers)](h, time)
        output: Tensor = self.output(h)
        return output


class TemporalLayer(nn.Module):
    """Residual layer ``h + W_2 act(norm(W_1 act(norm(h)) + W_t time))``.

    Args:
        width: Number of features.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.LayerNorm(width), nn.LeakyReLU(_SLOPE), _linear(width, width, bias=False))
        self.time = _linear(width, width)
        self.outer = nn.Sequential(nn.LayerNorm(width), nn.LeakyReLU(_SLOPE), _linear(width, width, bias=False))

    def forward(self, h: Tensor, time: Tensor) -> Tensor:
        """Features (B, width) and time features (B or 1, width) to features (B, width)."""
        return h + self.outer(self.inner(h) + self.time(time))  # type: ignore[no-any-return]


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


def _linear(num_in: int, num_out: int, bias: bool = True) -> nn.Linear:
    """A linear layer, initialised as where the authors' network comes from: Xavier uniform, zero bias."""
    layer = nn.Linear(num_in, num_out, bias=bias)
    nn.init.xavier_uniform_(layer.weight)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer
