"""Many images in one, which is fast to draw and keeps every pixel."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.style import GUIDE, HALLUCINATED, WIDTH

PAPER = 0.72
"""Grey line around an image, so that black and white ones are visible."""

FEW = 5
"""Minimum number of columns: fewer images are not drawn larger."""

CAPTION_HEIGHT = 0.1
"""Inches."""


@dataclass(frozen=True)
class Cells:
    """Positions of N images of one size in a mosaic, in rows.

    Args:
        number: Number N of images.
        height: Height of an image, pixels.
        width: Width of an image, pixels.
        num_columns: Images per row.
        has_captions: Whether there is space for a caption below each row.
    """

    number: int
    height: int
    width: int
    num_columns: int
    has_captions: bool = False

    @property
    def num_rows(self) -> int:
        """Rows of images."""
        return math.ceil(self.number / self.num_columns)

    @property
    def gap(self) -> int:
        """Pixels between two images."""
        return max(2, self.height // 16)

    @property
    def row_height(self) -> int:
        """Pixels from one row to the next; a caption is between two rows of images."""
        across = self.num_columns * (self.width + self.gap) + self.gap
        caption = self.gap + math.ceil(CAPTION_HEIGHT * across / WIDTH) if self.has_captions else 0
        return self.height + self.gap + caption

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the mosaic, pixels."""
        across = self.num_columns * (self.width + self.gap) + self.gap
        return self.num_rows * self.row_height + self.gap, across

    def corner(self, place: int) -> tuple[int, int]:
        """Row and column of the upper left pixel of an image."""
        row, column = divmod(place, self.num_columns)
        return row * self.row_height + self.gap, column * (self.width + self.gap) + self.gap

    def lay(self, images: NDArray[np.floating], places: Iterable[int]) -> NDArray[np.floating]:
        """Images (N, height, width, 3) in their places, each with a grey line around it; the rest is white."""
        mosaic = np.ones((*self.size, 3), dtype=images.dtype)
        corners = [self.corner(place) for place in places]
        for row, column in corners:
            down, right = row + self.height + self.gap, column + self.width + self.gap
            mosaic[row - self.gap : down, column - self.gap : right] = PAPER
        for image, (row, column) in zip(images, corners, strict=True):
            mosaic[row : row + self.height, column : column + self.width] = image
        return mosaic

    def frame(self, axes: Axes, place: int) -> None:
        """Draw a frame in the colour of hallucinations around an image."""
        row, column = self.corner(place)
        half = self.gap / 2
        corner = (column - half - 0.5, row - half - 0.5)
        size = (self.width + self.gap, self.height + self.gap)
        axes.add_patch(Rectangle(corner, *size, fill=False, edgecolor=HALLUCINATED, linewidth=1.6))

    def caption(self, axes: Axes, place: int, text: str) -> None:
        """Write below an image."""
        row, column = self.corner(place)
        x, y = column + self.width / 2 - 0.5, row + self.height + self.gap - 0.5
        axes.text(x, y, text, fontsize=6, color=GUIDE, ha="center", va="top", in_layout=False)


def as_shades(images: Tensor, white: float) -> NDArray[np.floating]:
    """Images (N, C, H, W) in [0, white] as colours (N, H, W, 3) in [0, 1]; values outside are clipped.

    Raises:
        ConfigurationError: If they are no images of one or three channels, there are none, or white is not above 0.
    """
    if images.ndim != 4 or images.shape[1] not in (1, 3) or len(images) == 0:
        raise ConfigurationError(
            f"expected images of shape (N, C, H, W) with C = 1 or 3 and N >= 1, got {tuple(images.shape)}; "
            "add the axis of channels or pass some of them"
        )
    if not white > 0:
        raise ConfigurationError(f"expected white > 0, got {white}; pass the largest value of a pixel, data units")
    shades = (images.detach().cpu().double() / white).nan_to_num(0.5).clamp(0, 1).permute(0, 2, 3, 1)
    return shades.expand(-1, -1, -1, 3).numpy().copy()


def columns_for(number: int, num_columns: int) -> int:
    """Images per row: as requested, or fewer if there are fewer, but at least `FEW`.

    Raises:
        ConfigurationError: If ``num_columns`` < 1.
    """
    if num_columns < 1:
        raise ConfigurationError(f"expected num_columns >= 1, got {num_columns}; pass at least one image per row")
    return min(num_columns, max(number, FEW))


def check_one_an_image(num_images: int, flagged: Tensor | None, captions: Sequence[str] | None) -> None:
    """Refuse flags or captions that are not one for each image.

    Raises:
        ConfigurationError: If their number differs, or flags are not bool.
    """
    if flagged is not None and (flagged.shape != (num_images,) or flagged.dtype != torch.bool):
        raise ConfigurationError(
            f"expected flags as bool of shape ({num_images},), one per image, got {flagged.dtype} of shape "
            f"{tuple(flagged.shape)}; compare scores with a threshold first"
        )
    if captions is not None and len(captions) != num_images:
        raise ConfigurationError(
            f"expected {num_images} captions, one per image, got {len(captions)}; pass an empty text for no caption"
        )
