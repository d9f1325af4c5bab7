"""Masks of the hand on an image: pixels that differ from the background, at several thresholds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor
from torch.nn.functional import interpolate

WHITE = 255.0
BRIGHT = 0.9
"""Quantile of the contrast that certainly belongs to the hand."""

USUAL = 0.7
"""Quantile of the contrast within the hand that represents it: rims are darker, or differ more from a light
background."""

Labels = tuple[NDArray[np.int32], int]
IN_PLANE = np.array([[[0] * 3] * 3, [[1] * 3] * 3, [[0] * 3] * 3], dtype=bool)
"""Neighbours within an image, including diagonal ones."""


@dataclass(frozen=True)
class HandMasks:
    """The hand on each of N images.

    Args:
        masks: One (N, W, W) bool array per threshold, the largest piece that differs from the background.
        loose: One (N,) float64 array per threshold: area of other pieces, relative to the hand's.
        contrast: (N,) float64, contrast of the hand to the background, from 0 to 1.
    """

    masks: list[NDArray[np.bool_]]
    loose: list[NDArray[np.float64]]
    contrast: NDArray[np.float64]


def hand_masks(images: Tensor, thresholds: Sequence[float], working_size: int) -> HandMasks:
    """Segment hands from the background, which may be darker or lighter.

    The background is the median of the border, of which a wrist takes a small part. A pixel is part of the hand if its
    contrast, relative to that of the hand's typical pixel, is above a threshold.

    Args:
        images: (N, C, S, S), data units.
        thresholds: Thresholds of the contrast, in (0, 1), increasing.
        working_size: Height and width W of the masks; images are resized to it.
    """
    contrast, usual = contrast_of(images.detach().cpu())
    fine = interpolate(contrast, (working_size, working_size), mode="bicubic", align_corners=False)[:, 0]
    relative = (fine / usual.clamp(min=1e-6)[:, None, None]).numpy()
    parts = [largest_piece(relative > threshold) for threshold in thresholds]
    return HandMasks([mask for mask, _ in parts], [loose for _, loose in parts], usual.double().numpy())


def contrast_of(images: Tensor, bright: float = BRIGHT) -> tuple[Tensor, Tensor]:
    """Contrast of each pixel to the background, (N, 1, H, W), and of the hand's typical pixel, (N,); relative to white.

    Args:
        images: (N, C, H, W), data units.
        bright: Quantile of the contrast that certainly belongs to the hand.
    """
    values = images.float().nan_to_num(0, WHITE, 0).clamp(0, WHITE) / WHITE
    border = torch.cat([values[..., 0, :], values[..., -1, :], values[..., 0], values[..., -1]], dim=2)
    contrast = (values - border.median(2).values[..., None, None]).abs().mean(1, keepdim=True)
    flat = contrast.flatten(1)
    is_surely = flat > flat.quantile(bright, dim=1, keepdim=True) / 2
    typical = flat.masked_fill(~is_surely, torch.nan).nanquantile(USUAL, dim=1)
    return contrast, typical.nan_to_num(0)  # on a uniform image nothing is above half of its contrast


def labelled(masks: NDArray[np.bool_]) -> Labels:
    """Label the pieces of N masks (N, W, W), each within one image; and their number."""
    labels, number = ndimage.label(masks, IN_PLANE)
    return labels.astype(np.int32, copy=False), int(number)


def image_of(labels: NDArray[np.int32], number: int) -> NDArray[np.int64]:
    """The image of each piece, (number,)."""
    found = np.zeros(number + 1, dtype=np.int64)
    image, row, column = np.nonzero(labels)
    found[labels[image, row, column]] = image
    return found[1:]


def largest_piece(masks: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """The largest piece of each of N masks (N, H, W), and the area of the others relative to it, (N,)."""
    labels, number = labelled(masks)
    sizes = np.bincount(labels.ravel(), minlength=number + 1)[1:].astype(np.float64)
    image = image_of(labels, number)
    total = np.bincount(image, sizes, minlength=len(masks))
    largest = np.zeros(len(masks))
    np.maximum.at(largest, image, sizes)
    is_largest = np.concatenate([[False], sizes == largest[image]])
    loose = (total - largest) / np.maximum(largest, 1)
    return is_largest[labels], loose
