"""Gaussian mixtures in any dimension: the paper's 1D and 2D data."""

from collections.abc import Callable, Sequence

from lightning_modeinterp.datamodules.base import ModeInterpDataModule, Split
from lightning_modeinterp.datasets import GaussianMixtureDataset
from lightning_modeinterp.denoisers import Denoiser, ExactMixture
from lightning_modeinterp.distributions import GaussianMixture
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics import GenerationMetric, ModeStatistics, SupportRates, TrajectoryVarianceDetection
from lightning_modeinterp.support import GaussianModes, SupportOracle


class GaussianMixtureDataModule(ModeInterpDataModule):
    """Samples of a mixture of isotropic Gaussians. Data units are model units.

    Args:
        means: Centres, (K,) for 1D data or (K, d).
        std: Standard deviation of every mode, > 0.
        weights: Probability of each mode, summing to 1. Equal if None.
        size: Number of training samples.
        validation_size: Number of validation samples.
        test_size: Number of test samples.
        batch_size: Global batch size, over all processes; at most ``size``.
        seed: Seed of the data and of their order; None is 0. The command line puts ``seed_everything`` for None.
        support: What counts as a hallucination, made from the mixture.

    Raises:
        ConfigurationError: If the means, std and weights do not make a mixture, or a size does not fit.
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
    ) -> None:
        self.mixture = GaussianMixture(means, std, weights)
        super().__init__(batch_size, seed, support(self.mixture))
        self.sizes: dict[Split, int] = {"train": size, "validation": validation_size, "test": test_size}
        if min(self.sizes.values()) < 1 or not 1 <= batch_size <= size:
            raise ConfigurationError(
                f"data: expected sizes >= 1 and a batch_size from 1 to the {size} training samples, "
                f"got sizes {tuple(self.sizes.values())} and batch_size {batch_size}"
            )

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """(d,)."""
        return (self.mixture.dimension,)

    def make_dataset(self, split: Split) -> GaussianMixtureDataset:
        """See `ModeInterpDataModule.make_dataset`."""
        return GaussianMixtureDataset(self.mixture, self.sizes[split], self.seed, split)

    def exact_denoiser(self) -> Denoiser:
        """The true posterior mean."""
        mixture = self.mixture
        return ExactMixture(self.sample_shape, mixture.means.tolist(), mixture.std, mixture.weights.tolist())

    def metrics(self) -> list[GenerationMetric]:
        """Rates, detection and how well the modes are kept; see `ModeInterpDataModule.metrics`."""
        support = self.support
        if support is None:
            return []
        chance_share = support.chance_share() if isinstance(support, GaussianModes) else 0.0
        return [
            SupportRates(support.kinds),
            ModeStatistics(
                self.mixture.means, self.mixture.weights, chance_share=chance_share if chance_share > 0 else None
            ),
            TrajectoryVarianceDetection(
                self.generation.windows, self.generation.window, scores=self.generation.score_names
            ),
        ]
