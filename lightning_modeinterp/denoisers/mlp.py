"""The network of the paper's Gaussian experiments: residual layers that each receive the time.

Nearly all of its work is in the width-by-width products, two a layer on the samples and one on the times. The two
options that save some of it, ``time_table`` and ``hidden_precision``, change last bits or more, so they are off.
"""

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, linear

from lightning_modeinterp.denoisers.base import Denoiser
from lightning_modeinterp.denoisers.embedding import SinusoidalEmbedding
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel

HiddenPrecision = Literal["bfloat16"]

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
        time_table: Round times to whole steps, and where a batch has more samples than there are steps, compute the
            time features once a step instead of once a sample. For training on a grid of T levels. The sums of the
            gradient run in another order.
        hidden_precision: Precision of the two products on the samples in each layer; float32 if None. Input, output,
            norms, residual and time stay in float32. bfloat16 pays where the machine multiplies it faster (a GPU,
            AVX-512 BF16, AMX).

    Raises:
        ConfigurationError: For samples that are not vectors, an odd width, depth < 1 or another precision.
    """

    def __init__(
        self,
        sample_shape: Sequence[int],
        width: int = 128,
        depth: int = 3,
        is_tied: bool = True,
        has_input_bias: bool = False,
        num_steps: int = 1000,
        time_table: bool = False,
        hidden_precision: HiddenPrecision | None = None,
    ) -> None:
        super().__init__(sample_shape)
        if len(self.sample_shape) != 1:
            raise ConfigurationError(f"MLP: expected vectors, sample_shape (d,), got {self.sample_shape}")
        if width < 4 or width % 2 or depth < 1:
            raise ConfigurationError(f"MLP: expected an even width >= 4 and depth >= 1, got {width} and {depth}")
        if hidden_precision not in (None, *get_args(HiddenPrecision)):
            raise ConfigurationError(f"MLP.hidden_precision: expected bfloat16 or null, got {hidden_precision}")
        (dimension,) = self.sample_shape
        self.num_steps, self.depth = num_steps, depth
        self.rounds_times = time_table
        self.embedding = SinusoidalEmbedding(width)
        self.time = nn.Sequential(_linear(width, width), nn.LeakyReLU(_SLOPE))
        self.input = _linear(dimension, width, bias=has_input_bias)
        self.layers = nn.ModuleList(TemporalLayer(width, hidden_precision) for _ in range(1 if is_tied else depth))
        self.output = nn.Sequential(nn.LayerNorm(width), _linear(width, dimension))

    def forward(self, x_t: Tensor, level: NoiseLevel) -> Tensor:
        """See `Denoiser.forward`."""
        shifts = self._shifts(level.t * (self.num_steps - 1))
        h = self.input(x_t)
        for i in range(self.depth):
            h = self._layer(i)(h, shifts[i])
        output: Tensor = self.output(h)
        return output

    def _layer(self, i: int) -> "TemporalLayer":
        return self.layers[i % len(self.layers)]  # type: ignore[return-value]

    def _shifts(self, step: Tensor) -> list[Tensor]:
        """What the time adds in each of the ``depth`` layers, (B or 1, width), from steps (B,) or (1,)."""
        if not self.rounds_times:
            time = self.time(self.embedding(step))
            return [self._layer(i).time(time) for i in range(self.depth)]
        step = step.round()
        if is_table := len(step) > self.num_steps:
            index = step.long()
            step = torch.arange(self.num_steps, device=step.device, dtype=step.dtype)
        time = self.time(self.embedding(step))
        shifts = [self._layer(i).time(time) for i in range(len(self.layers))]
        if is_table:
            shifts = [embedding(index, rows) for rows in shifts]
        return [shifts[i % len(shifts)] for i in range(self.depth)]


class TemporalLayer(nn.Module):
    """Residual layer ``h + W_2 act(norm(W_1 act(norm(h)) + shift))`` with ``shift = W_t time + b``.

    Args:
        width: Number of features.
        precision: Precision of the products with W_1 and W_2; float32 if None.
    """

    def __init__(self, width: int, precision: HiddenPrecision | None = None) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.LayerNorm(width), nn.LeakyReLU(_SLOPE, inplace=True), _hidden(width, precision))
        self.time = _linear(width, width)
        self.outer = nn.Sequential(nn.LayerNorm(width), nn.LeakyReLU(_SLOPE, inplace=True), _hidden(width, precision))

    def forward(self, h: Tensor, shift: Tensor) -> Tensor:
        """Features (B, width) and what the time adds (B or 1, width) to features (B, width)."""
        return h + self.outer(self.inner(h) + shift)  # type: ignore[no-any-return]


class BFloat16Linear(nn.Linear):
    """A linear layer without a bias whose weights stay in float32 and are multiplied in bfloat16."""

    def forward(self, h: Tensor) -> Tensor:
        """Features (B, num_in) to (B, num_out), in the dtype of h."""
        return linear(h.bfloat16(), self.weight.bfloat16()).to(h.dtype)


def _linear(num_in: int, num_out: int, bias: bool = True) -> nn.Linear:
    """A linear layer, initialised as where the authors' network comes from: Xavier uniform, zero bias."""
    return _initialised(nn.Linear(num_in, num_out, bias=bias))


def _hidden(width: int, precision: HiddenPrecision | None) -> nn.Linear:
    kind = nn.Linear if precision is None else BFloat16Linear
    return _initialised(kind(width, width, bias=False))


def _initialised(layer: nn.Linear) -> nn.Linear:
    nn.init.xavier_uniform_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
