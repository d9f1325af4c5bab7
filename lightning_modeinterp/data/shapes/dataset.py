"""Images of Simple Shapes, in memory, with the shapes on them."""

from lightning_modeinterp.data.images import DrawnImages
from lightning_modeinterp.data.shapes.distribution import SimpleShapes
from lightning_modeinterp.data.split_generator import split_generator


class SimpleShapesDataset(DrawnImages):
    """A fixed set of images, dependent on distribution, size, seed and split alone.

    ``images`` (N, 1, S, S) uint8 are the images in data units, 0 or 255, ``placed`` the shapes on them.

    Args:
        distribution: The distribution.
        size: Number of images, >= 1.
        seed: Seed of the data.
        split: ``train``, ``validation`` or ``test``; each has its own draws.

    Raises:
        ConfigurationError: For size < 1.
    """

    def __init__(self, distribution: SimpleShapes, size: int, seed: int, split: str) -> None:
        images, self.placed = distribution.sample(size, split_generator(size, seed, split))
        super().__init__(images)
