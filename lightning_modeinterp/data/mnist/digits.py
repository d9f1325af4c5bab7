"""The files of MNIST: 60,000 and 10,000 handwritten digits of 28 x 28, and their labels."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lightning_modeinterp.data.images import read_idx
from lightning_modeinterp.errors import ConfigurationError

Half = Literal["train", "test"]
ImageSize = Literal[16, 28, 32]

FOLDER = Path("MNIST") / "raw"
"""Folder of torchvision's files, below its root."""

NAMES = ("images-idx3-ubyte", "labels-idx1-ubyte")
PREFIXES: dict[Half, str] = {"train": "train", "test": "t10k"}
SIDE = 28


@dataclass(frozen=True)
class Digits:
    """Digits and their labels.

    Args:
        images: (N, 28, 28) uint8, white on black; (N, 1, S, S) once `resized`.
        labels: (N,) int64, 0 to 9.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


def read_digits(root: str | Path, half: Half) -> Digits:
    """Read one half of MNIST from ``root/MNIST/raw`` or, if that is missing, from ``root`` itself.

    Args:
        root: Folder of the idx files, compressed by gzip or not.
        half: ``train`` or ``test``.

    Raises:
        ConfigurationError: If files are missing, broken or of another shape.
    """
    images, labels = (read_idx(_found(Path(root), half, name)) for name in NAMES)
    if images.dtype != np.uint8 or images.shape[1:] != (SIDE, SIDE) or labels.shape != images.shape[:1]:
        raise ConfigurationError(
            f"MNIST: expected {half} images of shape (N, 28, 28) in bytes and N labels in {root}, got {images.dtype} "
            f"of shape {images.shape} and labels of shape {labels.shape}; use ArrayDataModule for other arrays"
        )
    if len(labels) == 0 or labels.min() < 0 or labels.max() > 9:
        raise ConfigurationError(f"MNIST: expected {half} labels from 0 to 9 in {root}, got others or none")
    return Digits(images.astype(np.uint8, copy=False), labels.astype(np.int64))


def digits_sha256(root: str | Path) -> str:
    """Checksum of both halves, independent of compression.

    Raises:
        ConfigurationError: As `read_digits`.
    """
    digest = hashlib.sha256()
    for half in PREFIXES:
        digits = read_digits(root, half)
        digest.update(digits.images.tobytes())
        digest.update(digits.labels.tobytes())
    return digest.hexdigest()


def resized(images: NDArray[np.uint8], image_size: ImageSize) -> NDArray[np.uint8]:
    """Digits at another size, as images with a channel.

    Args:
        images: (N, 28, 28) uint8.
        image_size: 28 is unchanged; 32 is padded with 2 black pixels; 16 takes the means of 2 x 2 pixels of those.

    Returns:
        (N, 1, image_size, image_size) uint8.
    """
    if image_size == SIDE:
        return images[:, None]
    framed = np.pad(images, ((0, 0), (2, 2), (2, 2)))
    if image_size == 16:
        means = framed.reshape(len(images), 16, 2, 16, 2).mean(axis=(2, 4), dtype=np.float32)
        framed = np.round(means).astype(np.uint8)
    return framed[:, None]


def has_digits(root: str | Path) -> bool:
    """Whether all files exist.

    Args:
        root: Folder of the idx files, as for `read_digits`.
    """
    return all(_place(Path(root), half, name) for half in PREFIXES for name in NAMES)


def _place(root: Path, half: Half, name: str) -> Path | None:
    file = f"{PREFIXES[half]}-{name}"
    places = (folder / each for folder in (root / FOLDER, root) for each in (file, f"{file}.gz"))
    return next((path for path in places if path.is_file()), None)


def _found(root: Path, half: Half, name: str) -> Path:
    if (place := _place(root, half, name)) is not None:
        return place
    file = f"{PREFIXES[half]}-{name}"
    files = [f"{prefix}-{each}" for prefix in PREFIXES.values() for each in NAMES]
    raise ConfigurationError(
        f"MNIST: expected {', '.join(files)} (or each with .gz) in {root / FOLDER}, found no {file}; copy them there, "
        "or let torchvision download them with data.init_args.download: true"
    )
