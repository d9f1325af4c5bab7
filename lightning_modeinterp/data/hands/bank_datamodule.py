"""Hands of a finite bank, whose true score is known."""

from torch import Tensor
from torch.utils.data import Dataset

from lightning_modeinterp.data.datamodule import Split, checked_sizes
from lightning_modeinterp.data.hands.bank import HandBank
from lightning_modeinterp.data.hands.exact_hands import ExactHands
from lightning_modeinterp.data.hands.finger_count import FingerCount
from lightning_modeinterp.data.hands.sixth_finger import SixthFinger
from lightning_modeinterp.data.images import ImageDataModule
from lightning_modeinterp.data.probe import Probe
from lightning_modeinterp.data.split_generator import split_generator
from lightning_modeinterp.denoisers import Denoiser


class BankDataset(Dataset[Tensor]):
    """A fixed set of samples from a bank, dependent on bank, size, seed and split alone.

    Args:
        bank: The bank.
        size: Number of images, >= 1.
        seed: Seed of the data.
        split: ``train``, ``validation`` or ``test``; each has its own draws.

    Raises:
        ConfigurationError: For size < 1.
    """

    def __init__(self, bank: HandBank, size: int, seed: int, split: str) -> None:
        self.images, self.template = bank.sample(size, split_generator(size, seed, split))

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int | Tensor) -> Tensor:
        """One image (1, S, S), or with an index tensor (B,) a batch (B, 1, S, S); model units."""
        return self.images[index]


class HandBankDataModule(ImageDataModule):
    """Hands of a bank of templates, with noise on their pixels; data units are [0, 255], model units [-1, 1].

    Args:
        image_size: Height and width in pixels, at least 24.
        num_turns: Number of rotations of the hand, at least 2.
        num_shifts: Number of shifts along each axis, at least 1; there are 4 x num_turns x num_shifts^2 templates.
        noise: Standard deviation of the noise on pixels, model units.
        size: Number of training images.
        validation_size: Number of validation images.
        test_size: Number of test images.
        batch_size: Global batch size, over all processes; at most ``size``.
        seed: Seed of the data and their order. If None, ``seed_everything`` on the command line, else 0.

    Raises:
        ConfigurationError: If a setting does not fit.
    """

    def __init__(
        self,
        image_size: int = 32,
        num_turns: int = 25,
        num_shifts: int = 5,
        noise: float = 0.02,
        size: int = 10_000,
        validation_size: int = 1_000,
        test_size: int = 1_000,
        batch_size: int = 32,
        seed: int | None = None,
    ) -> None:
        self.bank = HandBank(image_size, num_turns, num_shifts, noise)
        super().__init__(batch_size, seed, FingerCount())
        self.sizes = checked_sizes(size, validation_size, test_size, batch_size)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """(1, S, S)."""
        return (1, self.bank.image_size, self.bank.image_size)

    def make_dataset(self, split: Split) -> BankDataset:
        """See `ModeInterpDataModule.make_dataset`."""
        return BankDataset(self.bank, self.sizes[split], self.seed, split)

    def exact_denoiser(self) -> Denoiser:
        """The true posterior mean."""
        bank = self.bank
        return ExactHands(self.sample_shape, bank.num_turns, bank.num_shifts, bank.noise)

    def probes(self) -> list[Probe]:
        """The probe of a sixth finger; see `ModeInterpDataModule.probes`."""
        return [SixthFinger(self.bank)]
