"""Drawn hands of five fingers."""

from lightning_modeinterp.data.datamodule import Split, checked_sizes
from lightning_modeinterp.data.hands.dataset import HandsDataset
from lightning_modeinterp.data.hands.distribution import GREY, Hands, Range
from lightning_modeinterp.data.hands.finger_count import FingerCount
from lightning_modeinterp.data.images import ImageDataModule
from lightning_modeinterp.support_oracle import SupportOracle


class HandsDataModule(ImageDataModule):
    """Hands of four fingers and a thumb; data units are [0, 255], model units [-1, 1].

    Args:
        image_size: Height and width in pixels, at least 24.
        num_channels: 1 for grey, 3 for RGB.
        least_gap: Minimum gap between neighbouring finger tips, in pixels. If None, 4 % of the image's height.
        width: Minimum and maximum width of fingers, relative to the usual one.
        tone: Darkest and lightest skin, from 0 (black) to 1 (white).
        background: Darkest and lightest background.
        shade: Minimum and maximum share by which the rim of a finger is darker than its middle.
        size: Number of training images.
        validation_size: Number of validation images.
        test_size: Number of test images.
        batch_size: Global batch size, over all processes; at most ``size``.
        seed: Seed of the data and their order. If None, ``seed_everything`` on the command line, else 0.
        support: Oracle that decides what is a hallucination. `FingerCount` if None.

    Raises:
        ConfigurationError: If the image is too small for fingers, or a setting does not fit.
    """

    def __init__(
        self,
        image_size: int = 64,
        num_channels: int = GREY,
        least_gap: float | None = None,
        width: Range = (0.9, 1.1),
        tone: Range = (0.6, 0.95),
        background: Range = (0.02, 0.15),
        shade: Range = (0.25, 0.45),
        size: int = 20_000,
        validation_size: int = 1_000,
        test_size: int = 1_000,
        batch_size: int = 64,
        seed: int | None = None,
        support: SupportOracle | None = None,
    ) -> None:
        self.distribution = Hands(image_size, num_channels, least_gap, width, tone, background, shade)
        super().__init__(batch_size, seed, FingerCount() if support is None else support)
        self.sizes = checked_sizes(size, validation_size, test_size, batch_size)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """(C, S, S)."""
        return (self.distribution.num_channels, self.distribution.image_size, self.distribution.image_size)

    def make_dataset(self, split: Split) -> HandsDataset:
        """See `ModeInterpDataModule.make_dataset`."""
        return HandsDataset(self.distribution, self.sizes[split], self.seed, split)
