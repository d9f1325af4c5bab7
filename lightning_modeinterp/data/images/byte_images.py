"""Images in bytes, in memory or memory-mapped, served in model units."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from lightning_modeinterp.errors import ConfigurationError


class ByteImages(Dataset[Tensor]):
    """Rows of an array of images; only the requested rows of a memory-mapped file are read.

    Args:
        images: (M, C, H, W) uint8.
        rows: (N,) int64, the rows to use, in this order. All if None.

    Raises:
        ConfigurationError: If they are not images in bytes.

    Example:
        >>> images = ByteImages(np.full((3, 1, 2, 2), 255, dtype=np.uint8))
        >>> images[torch.tensor([0, 2])].shape, images[1].max()
        (torch.Size([2, 1, 2, 2]), tensor(1.))
    """

    def __init__(self, images: NDArray[np.uint8], rows: Tensor | None = None) -> None:
        if images.ndim != 4 or images.dtype != np.uint8:
            raise ConfigurationError(
                f"images: expected bytes of shape (N, C, H, W), got {images.dtype} of shape {images.shape}"
            )
        self.images = images
        self.rows = torch.arange(len(images)) if rows is None else rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int | Tensor) -> Tensor:
        """One image (C, H, W), or with an index tensor (B,) a batch (B, C, H, W); model units, [-1, 1]."""
        return to_model_units(self.bytes_of(index))

    def bytes_of(self, index: int | Tensor) -> Tensor:
        """The images in data units, uint8; a copy."""
        rows = self.rows[index].numpy()
        return torch.from_numpy(np.array(self.images[rows]))


def to_model_units(images: Tensor) -> Tensor:
    """Scale images from [0, 255] to [-1, 1], float32."""
    return images.float() / 127.5 - 1


def to_data_units(images: Tensor) -> Tensor:
    """Scale images from [-1, 1] to [0, 255], without clipping."""
    return (images + 1) * 127.5


def to_bytes(images: Tensor) -> Tensor:
    """Round images in data units to bytes, uint8, as in a PNG file; values out of range are clipped.

    nan becomes 0.

    Example:
        >>> to_bytes(torch.tensor([-3.0, 0.6, 254.7, 300.0, float("nan")]))
        tensor([  0,   1, 255, 255,   0], dtype=torch.uint8)
    """
    return images.nan_to_num(0.0).round().clamp(0, 255).to(torch.uint8)
