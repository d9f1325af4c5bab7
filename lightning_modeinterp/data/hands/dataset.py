"""Images of hands, in memory, with the truth about them."""

from torch import Tensor
from torch.utils.data import Dataset

from lightning_modeinterp.data.hands.distribution import Hands
from lightning_modeinterp.data.images import to_model_units
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.keyed_noise import keyed_generator


class HandsDataset(Dataset[Tensor]):
    """A fixed set of images, a function of distribution, size, seed and split alone.

    ``images`` (N, C, S, S) uint8 are the images in data units, ``poses`` and ``landmarks`` what is on them.

    Args:
        distribution: What is sampled.
        size: Number of images, >= 1.
        seed: Seed of the data.
        split: ``train``, ``validation`` or ``test``; each has draws of its own.

    Raises:
        ConfigurationError: For size < 1.
    """

    def __init__(self, distribution: Hands, size: int, seed: int, split: str) -> None:
        if size < 1:
            raise ConfigurationError(f"{split} size: expected at least 1 image, got {size}")
        drawn = distribution.sample(size, keyed_generator(seed, f"data/{split}", 0))
        self.images, self.poses, self.landmarks = drawn.images, drawn.poses, drawn.landmarks

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int | Tensor) -> Tensor:
        """One image (C, S, S), or with an index tensor (B,) a whole batch (B, C, S, S); model units, [-1, 1]."""
        return to_model_units(self.images[index])
