"""Decode any image file to bytes of one size.

EXIF rotation is applied; transparency is blended with a background; palettes, CMYK and other colours become RGB;
16 bits per channel become 8 by scaling, not by clipping; of an animation the first frame is used. A file that is empty,
truncated or not an image is broken, and so is one of floating point numbers, whose white level is unknown.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from lightning_modeinterp.errors import ConfigurationError

Colours = Literal["grey", "rgb"]
Fit = Literal["crop", "pad", "stretch"]

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
"""Suffixes of image files, in upper or lower case."""

_RESAMPLING = Image.Resampling.BICUBIC  # Pillow widens it for shrinking, so no pixel is skipped


@dataclass(frozen=True)
class Preparation:
    """How an image of any size becomes a square of bytes.

    Args:
        image_size: Height and width, pixels.
        colours: ``grey`` gives one channel, ``rgb`` three.
        fit: How a non-square image becomes a square: ``crop`` it to the middle, ``pad`` it with the background, or
            ``stretch`` it.
        background: Grey level behind transparent pixels and for padding; 0 is black, 255 white.

    Raises:
        ConfigurationError: For a size < 1 or a background out of range.
    """

    image_size: int
    colours: Colours = "rgb"
    fit: Fit = "crop"
    background: int = 255

    def __post_init__(self) -> None:
        if self.image_size < 1 or not 0 <= self.background <= 255:
            raise ConfigurationError(
                "images: expected image_size >= 1 and a background from 0 to 255, got "
                f"{self.image_size} and {self.background}"
            )

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        return (1 if self.colours == "grey" else 3, self.image_size, self.image_size)


class BrokenImageError(ValueError):
    """A file that cannot be read as an image; the message says why."""


def find_images(folder: str | Path) -> list[str]:
    """Names of the image files in a folder and its sub-folders, relative to it, sorted; hidden ones are left out.

    Raises:
        ConfigurationError: If there is no such folder, or no image in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ConfigurationError(f"images: expected a folder of images, found none at {folder}")
    files = [file.relative_to(folder) for file in folder.rglob("*") if file.is_file()]
    files = [file for file in files if not any(part.startswith(".") for part in file.parts)]
    names = sorted(file.as_posix() for file in files if file.suffix.lower() in SUFFIXES)
    if not names:
        raise ConfigurationError(
            f"images: expected files {', '.join(f'*{suffix}' for suffix in SUFFIXES)} in {folder}, found none among "
            f"{len(files)} files"
        )
    return names


def decode_image(path: str | Path, preparation: Preparation) -> NDArray[np.uint8]:
    """Read one image.

    Args:
        path: The file.
        preparation: How to prepare it.

    Returns:
        (C, H, W) uint8.

    Raises:
        BrokenImageError: If the file cannot be read as an image.
    """
    if Path(path).stat().st_size == 0:
        raise BrokenImageError("the file is empty")
    size = preparation.image_size
    try:
        with Image.open(path) as image:
            image.draft(None, (2 * size, 2 * size))  # a large JPEG is decoded at a lower resolution
            upright = ImageOps.exif_transpose(image)
            picture = _in_bytes(upright, preparation.background).convert(
                "L" if preparation.colours == "grey" else "RGB"
            )
    except BrokenImageError:
        raise
    except Exception as error:  # decoders may raise anything on arbitrary bytes
        raise BrokenImageError(f"{type(error).__name__}: {error}") from error
    pixels = np.asarray(_fitted(picture, preparation))
    return np.ascontiguousarray(pixels.reshape(size, size, -1).transpose(2, 0, 1))


def _in_bytes(image: Image.Image, background: int) -> Image.Image:
    """The image as L or RGB, 8 bits per channel."""
    if image.mode.startswith("I"):
        return _of_16_bits(np.asarray(image))
    if image.mode == "F":
        raise BrokenImageError("expected 8 or 16 bits per channel, got floating point numbers")
    if image.has_transparency_data:
        colours = image.convert("RGBA")
        paper = Image.new("RGBA", colours.size, (background, background, background, 255))
        return Image.alpha_composite(paper, colours).convert("RGB")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _of_16_bits(values: NDArray[np.generic]) -> Image.Image:
    numbers = values.astype(np.float64)
    if numbers.min() < 0 or numbers.max() > 65_535:
        raise BrokenImageError(f"expected 8 or 16 bits per channel, got values up to {numbers.max():.0f}")
    return Image.fromarray(np.round(numbers / 257).astype(np.uint8))


def _fitted(picture: Image.Image, preparation: Preparation) -> Image.Image:
    size = (preparation.image_size, preparation.image_size)
    if picture.size == size:
        return picture
    if preparation.fit == "stretch":
        return picture.resize(size, _RESAMPLING)
    if preparation.fit == "crop":
        return ImageOps.fit(picture, size, _RESAMPLING)
    paper = (preparation.background,) * len(picture.getbands())
    return ImageOps.pad(picture, size, _RESAMPLING, color=paper if len(paper) > 1 else preparation.background)
