"""Gaussian mixtures in any dimension: the paper's 1D and 2D data."""

import math
from collections.abc import Callable, Iterator, Sequence

from matplotlib.figure import Figure
from torch import Tensor

from lightning_modeinterp.data.datamodule import ModeInterpDataModule, Split, checked_sizes
from lightning_modeinterp.data.gaussian.dataset import GaussianMixtureDataset
from lightning_modeinterp.data.gaussian.exact_mixture import ExactMixture
from lightning_modeinterp.data.gaussian.exact_spread import ExactSpread
from lightning_modeinterp.data.gaussian.gaussian_modes import GaussianModes
from lightning_modeinterp.data.gaussian.hull import uniform_in_hull
from lightning_modeinterp.data.gaussian.mixture import GaussianMixture
from lightning_modeinterp.data.gaussian.mode_statistics import ModeStatistics
from lightning_modeinterp.data.gaussian.pair_interpolation import PairInterpolation
from lightning_modeinterp.data.gaussian.sample_figures import density_figure, pairs_figure
from lightning_modeinterp.data.gaussian.score_slopes import ScoreSlopes
from lightning_modeinterp.data.probe import Probe
from lightning_modeinterp.denoisers import Denoiser
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.keyed_noise import keyed_generator
from lightning_modeinterp.metrics import GenerationMetric, SupportRates
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.support_oracle import SupportOracle

NUM_CHANCE_POINTS = 100_000
TUBE_RADIUS = 5.0
"""Radius around a segment in standard deviations, if the oracle has none."""


class GaussianMixtureDataModule(ModeInterpDataModule):
    """Samples of a mixture of isotropic Gaussians. A sample in data units is ``scale`` times one in model units.

    Args:
        means: Centres, (K,) for 1D data or (K, d), data units.
        std: Standard deviation of every mode, data units, > 0.
        weights: Probability of each mode, summing to 1. Equal if None. A mode of weight 0 is not in the support.
        size: Number of training samples.
        validation_size: Number of validation samples.
        test_size: Number of test samples.
        batch_size: Global batch size, over all processes; at most ``size``.
        seed: Seed of the data and their order. If None, ``seed_everything`` on the command line, else 0.
        support: Class of the oracle, which gets the mixture in data units.
        scale: Divisor from data units to model units, > 0.

    Raises:
        ConfigurationError: If means, std and weights are not a valid mixture, or a size or the scale does not fit.
    """

    def __init__(
        self,
        means: Sequence[float] | Sequence[Sequence[float]],
        std: float = 0.05,
        weights: Sequence[float] | None = None,
        size: int = 50_000,
        validation_size: int = 10_000,
        test_size: int = 10_000,
        batch_size: int = 10_000,
        seed: int | None = None,
        support: Callable[[GaussianMixture], SupportOracle] = GaussianModes,
        scale: float = 1.0,
    ) -> None:
        self.mixture = GaussianMixture(means, std, weights)
        if not (scale > 0 and math.isfinite(scale)):
            raise ConfigurationError(f"data: expected a scale > 0, got {scale}; 1.0 leaves the data unchanged")
        self.scale = scale
        self.scaled_mixture = self.mixture.divided_by(scale)
        super().__init__(batch_size, seed, support(self.mixture))
        self.sizes = checked_sizes(size, validation_size, test_size, batch_size)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """(d,)."""
        return (self.mixture.dimension,)

    def make_dataset(self, split: Split) -> GaussianMixtureDataset:
        """See `ModeInterpDataModule.make_dataset`."""
        return GaussianMixtureDataset(self.scaled_mixture, self.sizes[split], self.seed, split)

    def to_data_units(self, samples: Tensor) -> Tensor:
        """See `ModeInterpDataModule.to_data_units`."""
        return samples * self.scale

    def to_model_units(self, samples: Tensor) -> Tensor:
        """See `ModeInterpDataModule.to_model_units`."""
        return samples / self.scale

    def exact_denoiser(self) -> Denoiser:
        """The true posterior mean, in model units."""
        mixture = self.scaled_mixture
        return ExactMixture(self.sample_shape, mixture.means.tolist(), mixture.std, mixture.weights.tolist())

    def metrics(self) -> list[GenerationMetric]:
        """Rates, detection and mode statistics; see `ModeInterpDataModule.metrics`."""
        support = self.support
        if support is None:
            return []
        chance_share = support.chance_share() if isinstance(support, GaussianModes) else 0.0
        pairs = self.pair_interpolation()
        return [
            SupportRates(support.kinds),
            ModeStatistics(
                self.mixture.means, self.mixture.weights, chance_share=chance_share if chance_share > 0 else None
            ),
            *([pairs] if pairs else []),
            self.detection(),
        ]

    def probes(self) -> list[Probe]:
        """Slopes of the score and spread within modes over the exact ones; see `ModeInterpDataModule.probes`."""
        return [ScoreSlopes(), ExactSpread(self.mixture.means, self.mixture.weights)]

    def sample_figures(self, drawn: GeneratedBatch) -> Iterator[tuple[str, Figure]]:
        """``density`` for judged 1D samples; else as `ModeInterpDataModule.sample_figures`."""
        if drawn.verdict and self.mixture.dimension == 1:
            yield "density", density_figure(drawn, drawn.verdict, self.mixture)
        else:
            yield from super().sample_figures(drawn)

    def test_figures(self, drawn: GeneratedBatch) -> Iterator[tuple[str, Figure]]:
        """``pairs`` for judged 2D samples; see `ModeInterpDataModule.test_figures`."""
        metric = self.pair_interpolation() if drawn.verdict and self.mixture.dimension == 2 else None
        if metric:
            yield "pairs", pairs_figure(drawn, metric)

    def landmarks(self) -> Tensor:
        """The means; see `ModeInterpDataModule.landmarks`."""
        return self.scaled_mixture.means

    def pair_interpolation(self) -> PairInterpolation | None:
        """The metric of which pairs of modes hallucinations lie between.

        None in 1D, where everything between two modes is on a segment, and if the volume off the modes is unknown:
        without an oracle, for a single mode and above six dimensions.
        """
        if self.support is None or self.mixture.dimension < 2:
            return None
        points = uniform_in_hull(self.mixture.means, NUM_CHANCE_POINTS, keyed_generator(0, "chance share", 0))
        off_modes = points[self.support.judge(points).hallucinated]
        radius = self.support.radius if isinstance(self.support, GaussianModes) else TUBE_RADIUS
        return PairInterpolation(self.mixture.means, radius * self.mixture.std, off_modes) if len(off_modes) else None
