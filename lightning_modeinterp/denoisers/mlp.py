"""The network of the paper's Gaussian experiments: residual layers with time conditioning.

Nearly all of its work is in the width-by-width products, per layer two on the samples and one on the times. The options
``time_table``, ``hidden_precision`` and ``is_fused`` save some of it, but change the last bits or more, so a config has
to set them.
"""

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, linear

from lightning_modeinterp.denoisers import fused_mlp
from lightning_modeinterp.denoisers.base import Denoiser
from lightning_modeinterp.denoisers.embedding import SinusoidalEmbedding
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel

HiddenPrecision = Literal["bfloat16"]

_SLOPE = 0.02


class MLP(Denoiser):
    """Time-conditioned residual network on vectors.

    linear -> ``depth`` temporal layers -> LayerNorm -> linear. As released by the authors it is one layer
    applied three times (tied), the input has no bias and the width is 128: 67,074 parameters on 2D data.

    Args:
        sample_shape: Shape (d,) of one sample; the command line takes it from the data.
        width: Features of every hidden layer and of the time embedding; even.
        depth: Number of temporal layers.
        is_tied: Use one layer ``depth`` times instead of ``depth`` layers.
        has_input_bias: Use a bias in the input layer. Without one, the LayerNorm after it keeps little more of a 1D
            sample than its sign.
        num_steps: Number T of steps on which times are embedded: t in [0, 1] is embedded as step t (T - 1).
        time_table: Round times to integer steps, and if a batch has more samples than there are steps, compute the
            time features once per step instead of once per sample. Only for training on a grid whose levels are at the
            T steps. The order of sums in the gradient changes.
        hidden_precision: Precision of the two products on the samples in each layer; float32 if None. Input, output,
            norms, residual and time stay in float32. bfloat16 pays off on hardware that multiplies it faster (a GPU,
            AVX-512 BF16, AMX).
        is_fused: On a CPU in float32, run all except the time path in one function that a C++ compiler builds for this
            machine on first use; the plain layers elsewhere. The order of sums changes.

    Raises:
        ConfigurationError: For samples that are not vectors, an odd width, depth < 1, another precision, or `is_fused`
            with a lower precision or a width that is not a multiple of 16.
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
        is_fused: bool = False,
    ) -> None:
        super().__init__(sample_shape)
        if len(self.sample_shape) != 1:
            raise ConfigurationError(f"MLP: expected vectors, sample_shape (d,), got {self.sample_shape}")
        if width < 4 or width % 2 or depth < 1:
            raise ConfigurationError(f"MLP: expected an even width >= 4 and depth >= 1, got {width} and {depth}")
        if hidden_precision not in (None, *get_args(HiddenPrecision)):
            raise ConfigurationError(f"MLP.hidden_precision: expected bfloat16 or null, got {hidden_precision}")
        if is_fused and (hidden_precision or width % fused_mlp.PANEL):
            raise ConfigurationError(
                f"MLP.is_fused: expected hidden_precision null and a width that is a multiple of {fused_mlp.PANEL}, "
                f"got {hidden_precision} and {width}; set it to false"
            )
        (dimension,) = self.sample_shape
        self.num_steps, self.width, self.depth = num_steps, width, depth
        self.num_rounded_steps, self.is_fused = num_steps if time_table else None, is_fused
        self.embedding = SinusoidalEmbedding(width)
        self.time = nn.Sequential(_linear(width, width), nn.LeakyReLU(_SLOPE))
        self.input = _linear(dimension, width, bias=has_input_bias)
        self.layers = nn.ModuleList(TemporalLayer(width, hidden_precision) for _ in range(1 if is_tied else depth))
        self.output = nn.Sequential(nn.LayerNorm(width), _linear(width, dimension))

    def forward(self, x_t: Tensor, level: NoiseLevel) -> Tensor:
        """See `Denoiser.forward`."""
        shifts, row = self._shifts(level.t * (self.num_steps - 1))
        if self._asks_for_kernel(x_t) and (kernel := fused_mlp.kernel(self.width)):
            fused: Tensor = fused_mlp.run(kernel, self.depth, x_t, shifts, row, self._parameters_in_order())
            return fused
        h = self.input(x_t)
        for i in range(self.depth):
            shift = shifts[i % len(shifts)]
            h = self.layers[i % len(self.layers)](h, shift if row is None else embedding(row, shift))
        output: Tensor = self.output(h)
        return output

    def fallback(self, x_t: Tensor) -> str | None:
        """See `Denoiser.fallback`."""
        return "plain layers" if self._asks_for_kernel(x_t) and not fused_mlp.kernel(self.width) else None

    def _asks_for_kernel(self, x_t: Tensor) -> bool:
        return self.is_fused and fused_mlp.can_run(x_t)

    def _shifts(self, step: Tensor) -> tuple[list[Tensor], Tensor | None]:
        """The shifts by the time, from steps (B,) or (1,).

        Returns:
            For each layer (S, width), and the row of each sample, (B,), if there is one row per step. Else S is B or 1.
        """
        row = None
        if self.num_rounded_steps is not None:
            step = step.round()
            if len(step) > self.num_steps:
                row = step.long()
                step = torch.arange(self.num_steps, device=step.device, dtype=step.dtype)
        time = self.time(self.embedding(step))
        return [layer.time(time) for layer in self.layers], row  # type: ignore[operator]

    def _parameters_in_order(self) -> list[Tensor | None]:
        """Parameters of all except the time path, in the order of the fused function."""
        products = [product for layer in self.layers for product in layer.products()]  # type: ignore[operator]
        norm, output = self.output
        return [*products, norm.weight, norm.bias, output.weight, output.bias, self.input.weight, self.input.bias]


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
        """Features (B, width) and shift by the time (B or 1, width) to features (B, width)."""
        return h + self.outer(self.inner(h) + shift)  # type: ignore[no-any-return]

    def products(self) -> list[Tensor]:
        """Scale, offset and weight of both products."""
        parts = (self.inner, self.outer)
        return [each for norm, _, product in parts for each in (norm.weight, norm.bias, product.weight)]  # type: ignore[misc]


class BFloat16Linear(nn.Linear):
    """A linear layer without a bias whose weights stay in float32 and are multiplied in bfloat16."""

    def forward(self, h: Tensor) -> Tensor:
        """Features (B, num_in) to (B, num_out), in the dtype of h."""
        return linear(h.bfloat16(), self.weight.bfloat16()).to(h.dtype)


def _linear(num_in: int, num_out: int, bias: bool = True) -> nn.Linear:
    """A linear layer, initialised as in the origin of the authors' network: Xavier uniform, zero bias."""
    return _initialised(nn.Linear(num_in, num_out, bias=bias))


def _hidden(width: int, precision: HiddenPrecision | None) -> nn.Linear:
    kind = nn.Linear if precision is None else BFloat16Linear
    return _initialised(kind(width, width, bias=False))


def _initialised(layer: nn.Linear) -> nn.Linear:
    nn.init.xavier_uniform_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
