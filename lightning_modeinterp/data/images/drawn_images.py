"""Synthetic images, in memory, with their ground truth."""

from torch import Tensor
from torch.utils.data import Dataset

from lightning_modeinterp.data.images.byte_images import to_model_units


class DrawnImages(Dataset[Tensor]):
    """Images in data units, served in model units. A subclass draws them, and keeps their ground truth.

    Args:
        images: (N, C, H, W) uint8.
    """

    def __init__(self, images: Tensor) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int | Tensor) -> Tensor:
        """One image (C, H, W), or with an index tensor (B,) a batch (B, C, H, W); model units, [-1, 1]."""
        return to_model_units(self.images[index])
