"""The optimal denoiser of Simple Shapes, from all positions of each shape.

With black at -1 and white at 1 a shape b (its pixels) in ``x_t = alpha x_0 + sigma eps`` is more likely than black by

    log p(x_t | b) - log p(x_t | black) = 2 alpha / sigma^2  sum_{p in b} x_t[p].

Each column holds its shape at one of a few hundred places or not at all, independently of the others, except that the
data have no empty image. So with the weight ``a_c`` of a column without and ``s_c`` of one with its shape,
``Z = prod_c (a_c + s_c) - prod_c a_c`` is the sum over all images, and the posterior mean is

    E[b_c | x_t] = prod_{d != c} (a_d + s_d) / Z  sum_places w_place b_place.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from lightning_modeinterp.data.shapes.distribution import COMBINATIONS, NUM_COLUMNS, PlacedShapes, SimpleShapes
from lightning_modeinterp.denoisers.base import Denoiser
from lightning_modeinterp.diffusion.parameterization import PredictionType
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel


class ExactShapes(Denoiser):
    """Posterior mean ``E[x_0 | x_t]`` of Simple Shapes with their column rule, computed in float64.

    Args:
        sample_shape: Shape (1, S, S) of one image; the command line takes it from the data.
        area: As in the data module.
        presence: As in the data module.

    Raises:
        ConfigurationError: If samples are not square grey images, or the shapes do not fit them.
    """

    prediction: PredictionType | None = "x_0"

    def __init__(self, sample_shape: Sequence[int], area: float | None = None, presence: float = 0.5) -> None:
        super().__init__(sample_shape)
        if len(self.sample_shape) != 3 or self.sample_shape[0] != 1 or self.sample_shape[1] != self.sample_shape[2]:
            raise ConfigurationError(f"ExactShapes: expected square grey images (1, S, S), got {self.sample_shape}")
        distribution = SimpleShapes(self.sample_shape[1], area, presence)
        self.presence, self.height = presence, distribution.canvas_height
        for column in range(NUM_COLUMNS):
            self.register_buffer(f"places_{column}", _places(distribution, column), persistent=False)

    def forward(self, x_t: Tensor, level: NoiseLevel) -> Tensor:
        """See `Denoiser.forward`; x_0 in the dtype of x_t."""
        level = level.to(dtype=torch.float64)
        scale = (2 * level.alpha / level.sigma.square()).unsqueeze(1)
        strips = [self._strip(x_t, column) for column in range(NUM_COLUMNS)]
        log_weights = [self._log_weights(strip, column, scale) for column, strip in enumerate(strips)]
        absent = x_t.new_tensor(1 - self.presence, dtype=torch.float64).log()
        present = torch.stack([weights.logsumexp(1) for weights in log_weights], dim=1)
        either = torch.logaddexp(present, absent)
        is_there = COMBINATIONS.to(x_t.device) > 0
        log_all = torch.where(is_there, present.unsqueeze(1), absent).sum(2).logsumexp(1)
        image = torch.full(x_t.shape, -1.0, dtype=torch.float64, device=x_t.device)
        for column, weights in enumerate(log_weights):
            others = either.sum(1) - either[:, column] - log_all
            white = torch.exp(weights + others.unsqueeze(1)) @ self._places(column)
            self._strip(image, column).add_(2 * white.reshape(strips[column].shape))
        return image.to(x_t.dtype)

    def _places(self, column: int) -> Tensor:
        return self.get_buffer(f"places_{column}")

    def _strip(self, images: Tensor, column: int) -> Tensor:
        """View of one column of images (B, 1, S, S), (B, height, width)."""
        width = self.height // NUM_COLUMNS
        return images[:, 0, : self.height, column * width : (column + 1) * width]

    def _log_weights(self, strip: Tensor, column: int, scale: Tensor) -> Tensor:
        """Log of prior times likelihood of each place, relative to black, (B, places) float64."""
        places = self._places(column)
        prior = strip.new_tensor(self.presence / len(places), dtype=torch.float64).log()
        return prior + scale * (strip.double().flatten(1) @ places.T)


def _places(distribution: SimpleShapes, column: int) -> Tensor:
    """The column with its shape at each place, 0 or 1, (places, height x width) float64."""
    shape = distribution.shapes[column]
    rows, columns = (torch.arange(low, high + 1) for low, high in (shape.rows, shape.columns))
    row, place = torch.cartesian_prod(rows, columns).unbind(1)
    number, width = torch.arange(len(row)), distribution.column_width
    placed = PlacedShapes(number, torch.full_like(number, column), row, column * width + place)
    images = distribution.draw(placed, len(row))[:, 0, : distribution.canvas_height]
    return (images[:, :, column * width : (column + 1) * width] > 0).flatten(1).double()
