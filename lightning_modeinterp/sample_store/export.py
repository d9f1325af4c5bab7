"""Export samples of a store to formats of other tools.

Images, which are samples of one or three channels, are written as bytes; all others as float32.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.files import aside_of, publish
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.sample_store.store import SampleStore, fields_of

SHEET_IMAGES = 100


def is_image(samples: Tensor) -> bool:
    """Whether samples (N, ...) are images: (N, C, H, W) of one or three channels."""
    return samples.ndim == 4 and samples.shape[1] in (1, 3)


def as_pixels(samples: Tensor) -> NDArray[np.uint8]:
    """Images (N, C, H, W) in [0, 255] as bytes (N, H, W, C); values outside are clipped, nan becomes 0.

    Example:
        >>> as_pixels(torch.tensor([-3.0, 0.6, 300.0, float("nan")]).view(1, 1, 2, 2)).ravel().tolist()
        [0, 1, 255, 0]
    """
    pixels = samples.nan_to_num(0.0).round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(pixels.permute(0, 2, 3, 1).numpy())


def write_npz(store: SampleStore, path: str | Path, num_samples: int | None = None) -> Path:
    """Write samples with all their fields to one compressed file.

    ``arr_0`` holds the samples, images as bytes (N, H, W, C), as image evaluators read them. The other fields of the
    store follow under their names, and the names of its ``scores`` and ``kinds``.

    Args:
        store: A finished store.
        path: Output file, ending in ``.npz``; replaced once the new file is complete.
        num_samples: Number of samples, from the first. All if None.

    Raises:
        ConfigurationError: If the file name has another suffix, or there are fewer samples.
    """
    path = Path(path)
    _check_suffix(path, ".npz")
    batch = GeneratedBatch.joined(list(_first(store, num_samples)))
    fields = fields_of(batch)
    samples = fields.pop("samples")
    arrays: dict[str, NDArray[np.generic]] = {
        "arr_0": as_pixels(samples) if is_image(samples) else samples.numpy(),
        **{name: values.numpy() for name, values in fields.items()},
        "scores": np.array(list(batch.scores)),
    }
    if batch.verdict:
        arrays["kinds"] = np.array(batch.verdict.kinds)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = aside_of(path)
    with aside.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # its stub takes a further flag for one of them
    publish(aside, path)
    return path


def write_folder(store: SampleStore, folder: str | Path, num_samples: int | None = None) -> Path:
    """Write each image as a PNG file named by its index, ``000000.png`` and so on.

    Args:
        store: A finished store of images.
        folder: Output folder; new or empty.
        num_samples: Number of samples, from the first. All if None.

    Raises:
        ConfigurationError: If they are not images, the folder is not empty, or there are fewer samples.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(f"export: expected a new or empty folder, got {folder}; choose another --out")
    for batch in _images(store, num_samples):
        folder.mkdir(parents=True, exist_ok=True)
        for number, pixels in zip(batch.index.tolist(), as_pixels(batch.samples), strict=True):
            Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels).save(folder / f"{number:06d}.png")
    return folder


def write_sheet(store: SampleStore, path: str | Path, num_samples: int | None = None) -> Path:
    """Write the first images side by side, as one PNG file.

    Args:
        store: A finished store of images.
        path: Output file, ending in ``.png``; replaced once the new file is complete.
        num_samples: Number of images. If None, 100, or all if there are fewer.

    Raises:
        ConfigurationError: If they are not images, the file name has another suffix, or there are fewer samples.
    """
    path = Path(path)
    _check_suffix(path, ".png")
    wanted = min(SHEET_IMAGES, len(store)) if num_samples is None else num_samples
    pixels = np.concatenate([as_pixels(batch.samples) for batch in _images(store, wanted)])
    columns = math.ceil(math.sqrt(len(pixels)))
    rows = math.ceil(len(pixels) / columns)
    height, width, channels = pixels.shape[1:]
    sheet = np.zeros((rows * columns, height, width, channels), dtype=np.uint8)
    sheet[: len(pixels)] = pixels
    laid = sheet.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    picture = laid.reshape(rows * height, columns * width, channels)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = aside_of(path)
    Image.fromarray(picture.squeeze(2) if channels == 1 else picture).save(aside, format="png")
    publish(aside, path)
    return path


def _first(store: SampleStore, num_samples: int | None) -> Iterator[GeneratedBatch]:
    """Batches of the first samples; the last one is cut."""
    wanted = len(store) if num_samples is None else num_samples
    if not 1 <= wanted <= len(store):
        raise ConfigurationError(f"export: expected --num from 1 to the {len(store)} samples there, got {wanted}")
    for batch in store:
        is_wanted = batch.index < wanted
        if is_wanted.all():
            yield batch
        elif is_wanted.any():
            yield batch[is_wanted]


def _images(store: SampleStore, num_samples: int | None) -> Iterator[GeneratedBatch]:
    for batch in _first(store, num_samples):
        if not is_image(batch.samples):
            raise ConfigurationError(
                f"export: expected images of one or three channels, got samples of shape "
                f"{tuple(batch.samples.shape[1:])}; use --as npz"
            )
        yield batch


def _check_suffix(path: Path, suffix: str) -> None:
    if path.suffix != suffix:
        raise ConfigurationError(f"export: expected a file name that ends in {suffix}, got {path}; rename it")
