"""Many images as one: quick to draw, and every pixel as it is."""

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.style import HALLUCINATED

PAPER = 0.72
"""Grey between the images, so that black ones are told apart."""


@dataclass(frozen=True)
class Cells:
    """Where N images of one size lie in a mosaic, in rows.

    Args:
        number: Number N of images.
        height: Of an image, pixels.
        width: Of an image, pixels.
        num_columns: Images in a row.
    """

    number: int
    height: int
    width: int
    num_columns: int

    @property
    def num_rows(self) -> int:
        """Rows of images."""
        return math.ceil(self.number / self.num_columns)

    @property
    def gap(self) -> int:
        """Pixels between two images."""
        return max(2, self.height // 16)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the mosaic, pixels."""
        across = self.num_columns * (self.width + self.gap) + self.gap
        return self.num_rows * (self.height + self.gap) + self.gap, across

    def corner(self, place: int) -> tuple[int, int]:
        """Row and column of the upper left pixel of an image."""
        row, column = divmod(place, self.num_columns)
        return row * (self.height + self.gap) + self.gap, column * (self.width + self.gap) + self.gap

    def lay(self, images: NDArray[np.floating], background: float) -> NDArray[np.floating]:
        """Images (N, height, width, ...) side by side."""
        mosaic = np.full((*self.size, *images.shape[3:]), background, dtype=images.dtype)
        for place, image in enumerate(images):
            row, column = self.corner(place)
            mosaic[row : row + self.height, column : column + self.width] = image
        return mosaic

    def frame(self, axes: Axes, place: int) -> None:
        """Draw a frame in the colour of hallucinations about an image."""
        row, column = self.corner(place)
        half = self.gap / 2
        corner = (column - half - 0.5, row - half - 0.5)
        size = (self.width + self.gap, self.height + self.gap)
        axes.add_patch(Rectangle(corner, *size, fill=False, edgecolor=HALLUCINATED, linewidth=1.6))


def as_shades(images: Tensor, white: float) -> NDArray[np.floating]:
    """Images (N, C, H, W) in [0, white] as colours (N, H, W, 3) in [0, 1]; what lies beyond is clipped.

    Raises:
        ConfigurationError: If they are no images of one or three channels, or there are none.
    """
    if images.ndim != 4 or images.shape[1] not in (1, 3) or len(images) == 0:
        raise ConfigurationError(
            f"expected images of shape (N, C, H, W) with C = 1 or 3 and N >= 1, got {tuple(images.shape)}"
        )
    shades = (images.detach().cpu().double() / white).nan_to_num(0.5).clamp(0, 1).permute(0, 2, 3, 1)
    return shades.expand(-1, -1, -1, 3).numpy().copy()


def check_one_an_image(name: str, values: Tensor | None, num_images: int) -> None:
    """Refuse what is not one for each image.

    Raises:
        ConfigurationError: If their number differs.
    """
    if values is not None and values.shape != (num_images,):
        raise ConfigurationError(f"expected {name} of shape ({num_images},), one an image, got {tuple(values.shape)}")
