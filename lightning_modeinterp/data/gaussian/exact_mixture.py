"""The true score of a Gaussian mixture in place of a network: the prediction of a perfect model."""

from collections.abc import Sequence

from torch import Tensor

from lightning_modeinterp.data.gaussian.mixture import GaussianMixture
from lightning_modeinterp.denoisers.base import Denoiser
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel


class ExactMixture(Denoiser):
    """Posterior mean of a Gaussian mixture, in closed form. It has no weights, so it needs no training.

    Args:
        sample_shape: Shape (d,) of one sample; the command line takes it from the data.
        means: Centres, (K,) or (K, d), model units.
        std: Standard deviation of every mode, model units.
        weights: Probability of each mode. Equal if None.

    Raises:
        ConfigurationError: If the means have another dimension than the samples, or are not a valid mixture.
    """

    prediction = "x_0"

    def __init__(
        self,
        sample_shape: Sequence[int],
        means: Sequence[float] | Sequence[Sequence[float]],
        std: float,
        weights: Sequence[float] | None = None,
    ) -> None:
        super().__init__(sample_shape)
        self.mixture = GaussianMixture(means, std, weights)
        if self.sample_shape != (self.mixture.dimension,):
            raise ConfigurationError(
                f"ExactMixture: expected means with the shape {self.sample_shape} of a sample, "
                f"got {self.mixture.dimension} coordinates"
            )

    def forward(self, x_t: Tensor, level: NoiseLevel) -> Tensor:
        """See `Denoiser.forward`; returns x_0_hat, computed in float64."""
        return self.mixture.posterior_mean(x_t, level).to(x_t.dtype)
