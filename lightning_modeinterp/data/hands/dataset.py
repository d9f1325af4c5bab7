"""Images of hands, in memory, with their ground truth."""

from lightning_modeinterp.data.hands.distribution import Hands
from lightning_modeinterp.data.images import DrawnImages
from lightning_modeinterp.data.split_generator import split_generator


class HandsDataset(DrawnImages):
    """A fixed set of images, dependent on distribution, size, seed and split alone.

    ``images`` (N, C, S, S) uint8 are in data units, ``poses`` and ``landmarks`` are their ground truth.

    Args:
        distribution: The distribution.
        size: Number of images, >= 1.
        seed: Seed of the data.
        split: ``train``, ``validation`` or ``test``; each has its own draws.

    Raises:
        ConfigurationError: For size < 1.
    """

    def __init__(self, distribution: Hands, size: int, seed: int, split: str) -> None:
        drawn = distribution.sample(size, split_generator(size, seed, split))
        super().__init__(drawn.images)
        self.poses, self.landmarks = drawn.poses, drawn.landmarks
