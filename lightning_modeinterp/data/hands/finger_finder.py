"""Find fingers: everything that reaches out of a palm, of any length, width and position.

The palm, with the wrist, is the result of a morphological opening of the hand by a disc of a share of the palm's radius
R, where R is the radius of the largest disc in the hand. D is the distance from it. A finger is a peak of D with a
minimum prominence: D has to fall by that much from the tip towards the palm before it meets a longer finger. So fingers
may be joined at their roots, by webs or blur, and short bumps do not count.

Peaks are counted on sets ``D >= s`` for a few s from the highest to the lowest: a piece of such a set has as many
fingers as the pieces of the next higher set in it, or one if it reaches high enough.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lightning_modeinterp.data.hands.hand_mask import image_of, labelled

Floats = NDArray[np.float64]

OPENING = 0.45
"""Radius of the opening, relative to R: above a thumb's, below a wrist's."""

STEPS = (0.12, 0.27, 0.42, 0.57, 0.72, 0.9, 1.1, 1.3, 1.55, 1.8)
"""The values of s, relative to R."""


@dataclass(frozen=True)
class FoundFingers:
    """Fingers found on N hands.

    Args:
        counts: (P, N) int64, number of fingers of at least each of P lengths.
        radius: (N,) float64, R relative to the height of the image; 0 if there is no hand.
        half_width: (N,) float64, largest half width of a finger, relative to R.
        holes: (N,) float64, area of the largest hole in the hand, relative to a disc of radius R.
    """

    counts: NDArray[np.int64]
    radius: Floats
    half_width: Floats
    holes: Floats


def find_fingers(masks: NDArray[np.bool_], lengths: Sequence[float]) -> FoundFingers:
    """Find the fingers of each hand independently.

    Args:
        masks: (N, W, W) bool, hands in one piece each.
        lengths: P minimum lengths of a finger, relative to R.
    """
    edge = masks.shape[-1] // 6
    beyond = np.pad(masks, ((0, 0), (edge, edge), (edge, edge)), mode="edge")  # a wrist continues beyond the image
    depth = _depth(beyond)
    radius = depth.reshape(len(masks), -1).max(1, initial=0.0)
    unit = np.maximum(radius, 1.0)[:, None, None]
    is_middle = depth >= OPENING * unit
    inner = slice(edge, edge + masks.shape[-1])
    reach = np.where(masks, (_depth(~is_middle)[:, inner, inner] - OPENING * unit) / unit, -1.0)
    reach[radius == 0] = -1.0
    depth = depth[:, inner, inner]
    counts, half_width = _peaks(reach, depth / unit, lengths)
    return FoundFingers(counts, radius / masks.shape[-1], half_width, _holes(masks) / (np.pi * unit[:, 0, 0] ** 2))


def _depth(masks: NDArray[np.bool_]) -> Floats:
    """Distance of each pixel of a mask to the nearest one outside, on its image; infinite if there is none."""
    return np.stack([ndimage.distance_transform_edt(mask) for mask in masks]) if len(masks) else masks.astype(float)


def _peaks(reach: Floats, depth: Floats, lengths: Sequence[float]) -> tuple[NDArray[np.int64], Floats]:
    """Fingers by length (P, N), and the largest half width among them (N,)."""
    wanted = np.array(lengths)[:, None]
    inside: NDArray[np.int64] = np.zeros((len(lengths), 0), dtype=np.int64)
    widths: Floats = np.zeros(0)
    first: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
    labels, number = np.zeros(reach.shape, dtype=np.int32), 0
    for step in reversed(STEPS):
        labels, number = labelled(reach >= step)
        height, own_width = np.zeros(number), np.zeros(number)
        flat = labels.ravel()
        place = np.flatnonzero(flat)
        piece = flat[place] - 1
        np.maximum.at(height, piece, reach.ravel()[place])
        np.maximum.at(own_width, piece, depth.ravel()[place])
        parent = flat[first] - 1
        from_higher = np.stack([np.bincount(parent, row, minlength=number) for row in inside]).astype(np.int64)
        inside = np.maximum(from_higher, height - step >= wanted)
        width_above = np.zeros(number)
        np.maximum.at(width_above, parent, widths)
        # webs are wide: a piece's own width counts only if it is one finger
        widths = np.where(inside[0] == 1, np.maximum(own_width, width_above), width_above)
        first = np.zeros(number, dtype=np.int64)
        first[piece[::-1]] = place[::-1]
    image = image_of(labels, number)
    counts = np.stack([np.bincount(image, row, minlength=len(reach)) for row in inside]).astype(np.int64)
    half_width = np.zeros(len(reach))
    np.maximum.at(half_width, image, widths)
    return counts, half_width


def _holes(masks: NDArray[np.bool_]) -> Floats:
    """Pixels of the largest hole of each mask."""
    labels, number = labelled(~masks)
    image = image_of(labels, number)
    sizes = np.bincount(labels.ravel(), minlength=number + 1)[1:]
    edge = np.concatenate(
        [labels[:, 0].ravel(), labels[:, -1].ravel(), labels[..., 0].ravel(), labels[..., -1].ravel()]
    )
    is_hole = ~np.isin(np.arange(1, number + 1), edge)
    largest = np.zeros(len(masks))
    np.maximum.at(largest, image[is_hole], sizes[is_hole])
    return largest
