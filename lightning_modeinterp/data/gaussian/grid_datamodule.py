"""The paper's 2D data: 25 modes on a square grid or a diamond, scaled to unit variance."""

from collections.abc import Callable, Sequence

from lightning_modeinterp.data.gaussian.arrangements import Arrangement, arranged_means, grid_scale
from lightning_modeinterp.data.gaussian.datamodule import GaussianMixtureDataModule
from lightning_modeinterp.data.gaussian.gaussian_modes import GaussianModes
from lightning_modeinterp.data.gaussian.mixture import GaussianMixture
from lightning_modeinterp.support_oracle import SupportOracle


class GaussianGridDataModule(GaussianMixtureDataModule):
    """Modes on a square grid or a diamond, divided by ``sqrt(std^2 + spacing^2 (side^2 - 1) / 12)`` for the model.

    With the defaults this is the published sqrt(0.05^2 + 8) = 2.8289, the standard deviation of a coordinate of the
    grid. The diamond as released is smaller by sqrt(2) but divided by the same number. Oracle, figures and stores use
    data units.

    Args:
        side: Modes along an edge, >= 1.
        spacing: Distance between nearest modes of the grid, > 0, data units.
        std: Standard deviation of every mode, data units, > 0.
        arrangement: ``grid``; ``diamond_as_released``, rotated by 45 degrees and shrunk by sqrt(2); or
            ``diamond_same_spacing``, only rotated, which separates orientation from distance.
        weights: Probability of each mode, side^2 numbers summing to 1, row by row from the lower left of the grid.
            Equal if None.
        size: Number of training samples.
        validation_size: Number of validation samples.
        test_size: Number of test samples.
        batch_size: Global batch size, over all processes; at most ``size``.
        seed: Seed of the data and their order. If None, ``seed_everything`` on the command line, else 0.
        support: Class of the oracle, which gets the mixture in data units.

    Raises:
        ConfigurationError: If side, spacing, std and weights are not a valid mixture, or a size does not fit.

    References:
        Aithal et al. 2024 (arXiv:2406.09358), section 4.1, and its released code.
    """

    def __init__(
        self,
        side: int = 5,
        spacing: float = 2.0,
        std: float = 0.05,
        arrangement: Arrangement = "grid",
        weights: Sequence[float] | None = None,
        size: int = 100_000,
        validation_size: int = 10_000,
        test_size: int = 10_000,
        batch_size: int = 10_000,
        seed: int | None = None,
        support: Callable[[GaussianMixture], SupportOracle] = GaussianModes,
    ) -> None:
        super().__init__(
            means=arranged_means(arrangement, side, spacing).tolist(),
            std=std,
            weights=weights,
            size=size,
            validation_size=validation_size,
            test_size=test_size,
            batch_size=batch_size,
            seed=seed,
            support=support,
            scale=grid_scale(side, spacing, std),
        )
