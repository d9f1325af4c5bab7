"""Sources of images to compare: a sample store, a folder of files, an array, or a data config."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import yaml
from jsonargparse import ArgumentParser
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from lightning_modeinterp.data import ModeInterpDataModule, Split
from lightning_modeinterp.data.images import (
    BrokenImageError,
    Preparation,
    decode_image,
    find_images,
    mixed_order,
    read_array,
)
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.keyed_noise import keyed_generator
from lightning_modeinterp.metrics import FeatureNetwork
from lightning_modeinterp.sample_store import SampleStore
from lightning_modeinterp.sample_store.export import as_pixels, is_image
from lightning_modeinterp.sample_store.store import MANIFEST

CONFIGS = (".yaml", ".yml")


@dataclass(frozen=True)
class ImageSets:
    """Three sets of one size and shape.

    Args:
        samples: (N, C, H, W) uint8, the samples.
        reference: (N, C, H, W) uint8, data.
        others: (N, C, H, W) uint8, other data, in place of the samples of a perfect model.
    """

    samples: Tensor
    reference: Tensor
    others: Tensor


def read_sets(samples: str | Path, reference: str | Path, num_samples: int | None = None) -> ImageSets:
    """Read samples, and data to compare them with.

    A data config gives its test split as reference and training data as others; any other source is split in random
    halves, always the same ones.

    Args:
        samples: A store, folder of images, or array file.
        reference: The same, or a data config (``.yaml``).
        num_samples: Size of each set. As large as possible if None.

    Raises:
        ConfigurationError: If images differ in shape, or there are too few.
    """
    pool, reference = read_images(samples), Path(reference)
    first, second = _of_config(reference) if reference.suffix in CONFIGS else _halves(read_images(reference))
    if first.shape[1:] != pool.shape[1:]:
        raise ConfigurationError(
            f"fidelity: expected a reference of the samples' shape {tuple(pool.shape[1:])}, got "
            f"{tuple(first.shape[1:])}; compare images of one size and number of channels"
        )
    number = min(len(pool), len(first), len(second))
    if num_samples is not None and not 2 <= num_samples <= number:
        raise ConfigurationError(
            f"fidelity: expected --num from 2 to {number}, got {num_samples}; there are {len(pool)} samples, "
            f"{len(first)} references and {len(second)} others for the floor"
        )
    wanted = number if num_samples is None else num_samples
    return ImageSets(pool[:wanted], first[:wanted], second[:wanted])


def network_of(reference: str | Path) -> FeatureNetwork:
    """The feature network of the data in a config.

    Args:
        reference: A data config (``.yaml``).

    Raises:
        ConfigurationError: If it is not a data config, or its data have no such network.
    """
    path = Path(reference)
    network = load_data(path).feature_network() if path.suffix in CONFIGS else None
    if network is None:
        raise ConfigurationError(
            f"fidelity: expected --reference as a config of data with a feature network, got {reference}; "
            "give the weights of Inception with --inception"
        )
    return network


def read_images(source: str | Path) -> Tensor:
    """Read images as bytes.

    Args:
        source: A sample store, a folder of images of one size, or a ``.npy``, ``.npz`` or idx file of bytes.

    Returns:
        (N, C, H, W) uint8; samples of a store in the order of their indices.

    Raises:
        ConfigurationError: If there are no images of one size.
    """
    source = Path(source)
    if (source / MANIFEST).is_file():
        return _of_store(source)
    if source.is_dir():
        return _of_folder(source)
    if source.is_file():
        return _of_array(source)
    raise ConfigurationError(f"fidelity: expected a sample store, folder of images or array file, found no {source}")


def _of_store(path: Path) -> Tensor:
    batches = list(SampleStore.open(path))
    if not is_image(batches[0].samples):
        raise ConfigurationError(
            f"fidelity: expected images of one or three channels in {path}, got samples of shape "
            f"{tuple(batches[0].samples.shape[1:])}"
        )
    return torch.cat([_channels_first(as_pixels(batch.samples)) for batch in batches])


def _of_folder(folder: Path) -> Tensor:
    names = find_images(folder)
    try:
        with Image.open(folder / names[0]) as image:
            (width, height), is_grey = image.size, image.mode in ("1", "L")
        if width != height:
            raise ConfigurationError(f"fidelity: expected square images in {folder}, got {width} x {height}")
        preparation = Preparation(width, "grey" if is_grey else "rgb")
        for name in names:
            with Image.open(folder / name) as image:
                if image.size != (width, height):
                    raise ConfigurationError(
                        f"fidelity: expected images of one size in {folder}, got {width} x {height} and "
                        f"{image.size[0]} x {image.size[1]} ({name})"
                    )
        return torch.from_numpy(np.stack([decode_image(folder / name, preparation) for name in names]))
    except (OSError, BrokenImageError) as error:
        raise ConfigurationError(f"fidelity: expected readable images in {folder}, got {error}") from error


def _of_array(path: Path) -> Tensor:
    name = "arr_0" if path.suffix == ".npz" else None
    values = read_array(path, name)
    if values.dtype != np.uint8 or values.ndim not in (3, 4):
        raise ConfigurationError(
            f"fidelity: expected bytes (N, H, W), (N, H, W, C) or (N, C, H, W) in {path}, got {values.dtype} of shape "
            f"{values.shape}"
        )
    images = np.array(values, dtype=np.uint8)
    if images.ndim == 3:
        return torch.from_numpy(images[:, None])
    return torch.from_numpy(images) if images.shape[1] in (1, 3) else _channels_first(images)


def _channels_first(pixels: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()


def _halves(images: Tensor) -> tuple[Tensor, Tensor]:
    order = torch.randperm(len(images), generator=keyed_generator(0, "fidelity/halves", 0))
    half = len(images) // 2
    return images[order[:half]], images[order[half : 2 * half]]


def _of_config(path: Path) -> tuple[Tensor, Tensor]:
    """Test data, and training data."""
    data = load_data(path)
    data.prepare_data()
    data.setup("test")
    if len(data.sample_shape) != 3 or data.sample_shape[0] not in (1, 3):
        raise ConfigurationError(f"fidelity: expected data that are images, got shape {data.sample_shape} in {path}")
    test = _of_split(data, "test")
    return test, _of_split(data, "train", len(test))


def load_data(path: str | Path) -> ModeInterpDataModule:
    """Build the data module that a data config names.

    Raises:
        ConfigurationError: If the file is missing or not a data config.
    """
    path = Path(path)
    if not path.is_file():
        raise ConfigurationError(f"fidelity: expected a data config, found none at {path}")
    parser = ArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(ModeInterpDataModule, "data")
    try:
        config = parser.parse_object({"data": yaml.safe_load(path.read_text())})
        data: ModeInterpDataModule = parser.instantiate(config).data
    except ConfigurationError:
        raise
    except Exception as error:  # anything that the parser or a user's class raises
        raise ConfigurationError(
            f"fidelity: expected a data config such as configs/data/mnist.yaml at {path}: {error}"
        ) from error
    return data


def _of_split(data: ModeInterpDataModule, split: Split, num_images: int | None = None) -> Tensor:
    dataset = data.served(split)
    parts = torch.split(mixed_order(len(dataset))[:num_images], 4096)
    return torch.cat([_channels_first(as_pixels(data.to_data_units(dataset[part]))) for part in parts])
