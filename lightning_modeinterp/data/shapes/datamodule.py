"""The paper's Simple Shapes: grey images of at most one triangle, one square and one pentagon."""

from collections.abc import Callable

from lightning_modeinterp.data.datamodule import Split, checked_sizes
from lightning_modeinterp.data.images import ImageDataModule
from lightning_modeinterp.data.probe import Probe
from lightning_modeinterp.data.shapes.bottleneck import Bottleneck
from lightning_modeinterp.data.shapes.dataset import SimpleShapesDataset
from lightning_modeinterp.data.shapes.distribution import SimpleShapes
from lightning_modeinterp.data.shapes.exact_shapes import ExactShapes
from lightning_modeinterp.data.shapes.exclusion import Exclusion
from lightning_modeinterp.data.shapes.shape_count import ShapeCount
from lightning_modeinterp.data.shapes.shape_rates import ShapeRates
from lightning_modeinterp.denoisers import Denoiser
from lightning_modeinterp.metrics import GenerationMetric
from lightning_modeinterp.support_oracle import SupportOracle


class SimpleShapesDataModule(ImageDataModule):
    """White shapes on black; data units are [0, 255], model units [-1, 1].

    Args:
        image_size: Height and width in pixels; 64 as published.
        area: Area of a shape in pixels, before its sides are truncated. If None, 60 at 64 pixels as published, scaled
            for other sizes.
        presence: Probability of each shape, in (0, 1].
        has_column_rule: Whether triangle, square and pentagon each have their own column, as published.
        size: Number of training images.
        validation_size: Number of validation images.
        test_size: Number of test images.
        batch_size: Global batch size, over all processes; at most ``size``.
        seed: Seed of the data and their order. If None, ``seed_everything`` on the command line, else 0.
        support: Class of the oracle, which gets the distribution.

    Raises:
        ConfigurationError: If the shapes do not fit the image, or a size does not fit.

    References:
        Aithal et al. 2024 (arXiv:2406.09358), section 4.2, and its released code.
    """

    def __init__(
        self,
        image_size: int = 64,
        area: float | None = None,
        presence: float = 0.5,
        has_column_rule: bool = True,
        size: int = 5_000,
        validation_size: int = 1_000,
        test_size: int = 1_000,
        batch_size: int = 64,
        seed: int | None = None,
        support: Callable[[SimpleShapes], SupportOracle] = ShapeCount,
    ) -> None:
        self.distribution = SimpleShapes(image_size, area, presence, has_column_rule)
        super().__init__(batch_size, seed, support(self.distribution))
        self.sizes = checked_sizes(size, validation_size, test_size, batch_size)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """(1, S, S)."""
        return (1, self.distribution.image_size, self.distribution.image_size)

    def make_dataset(self, split: Split) -> SimpleShapesDataset:
        """See `ModeInterpDataModule.make_dataset`."""
        return SimpleShapesDataset(self.distribution, self.sizes[split], self.seed, split)

    def exact_denoiser(self) -> Denoiser | None:
        """The true posterior mean; None without the column rule."""
        distribution = self.distribution
        if not distribution.has_column_rule:
            return None
        return ExactShapes(self.sample_shape, distribution.area, distribution.presence)

    def probes(self) -> list[Probe]:
        """Probes of the column rule and of images with two squares; see `ModeInterpDataModule.probes`."""
        rule = [Exclusion(self.distribution)] if self.distribution.has_column_rule else []
        return [*rule, Bottleneck(self.distribution)]

    def metrics(self) -> list[GenerationMetric]:
        """Rates, and detection; see `ModeInterpDataModule.metrics`."""
        if not isinstance(self.support, ShapeCount):
            return super().metrics()
        return [ShapeRates(self.support.kinds, self.distribution.combination_weights), self.detection()]
