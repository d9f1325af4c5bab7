"""Your own data: a folder of image files, or an array. Other families of images build on it."""

from lightning_modeinterp.data.images.array_datamodule import ArrayDataModule, ArraySamples
from lightning_modeinterp.data.images.arrays import read_array
from lightning_modeinterp.data.images.byte_images import ByteImages, to_bytes, to_data_units, to_model_units
from lightning_modeinterp.data.images.cache import CachedImages, cached_images, default_cache
from lightning_modeinterp.data.images.datamodule import ImageDataModule, check_batch_size, mixed_order, split_rows
from lightning_modeinterp.data.images.decoding import (
    BrokenImageError,
    Preparation,
    decode_image,
    find_images,
)
from lightning_modeinterp.data.images.drawn_images import DrawnImages
from lightning_modeinterp.data.images.folder import ImageFolderDataModule
from lightning_modeinterp.data.images.idx import read_idx
from lightning_modeinterp.data.images.noised_images import noised_images
from lightning_modeinterp.data.images.rule_probe import NUM_PAIRS, ImagePairs, RuleProbe, mean_over

__all__ = [
    "NUM_PAIRS",
    "ArrayDataModule",
    "ArraySamples",
    "BrokenImageError",
    "ByteImages",
    "CachedImages",
    "DrawnImages",
    "ImageDataModule",
    "ImageFolderDataModule",
    "ImagePairs",
    "Preparation",
    "RuleProbe",
    "cached_images",
    "check_batch_size",
    "decode_image",
    "default_cache",
    "find_images",
    "mean_over",
    "mixed_order",
    "noised_images",
    "read_array",
    "read_idx",
    "split_rows",
    "to_bytes",
    "to_data_units",
    "to_model_units",
]
