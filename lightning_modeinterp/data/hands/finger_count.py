"""Hands: the number of fingers on an image, including thumbs.

A sample is, in this order,

    empty       nothing is on it
    malformed   its fingers cannot be counted: it is in pieces, has no palm, has a hole, has fingers that
                run into one another, or the count depends on where exactly the hand ends or how short a finger may be
    extra       more than five fingers
    missing     fewer

and else in support.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lightning_modeinterp.data.hands.finger_finder import FoundFingers, find_fingers
from lightning_modeinterp.data.hands.hand_mask import WHITE, hand_masks
from lightning_modeinterp.data.hands.poses import FINGERS
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import SupportVerdict
from lightning_modeinterp.sheets import NUMBERS, image_key, read_labels
from lightning_modeinterp.support_oracle import IN_SUPPORT, SupportOracle

EXTRA, MISSING, MALFORMED, EMPTY = 2, 3, 4, 5
LABELS = tuple(NUMBERS.values())
"""Labels that people may give."""

WORKING_SIZE = 96
CHUNK = 64
LEAST_RADIUS, LARGEST_RADIUS = 0.07, 0.33
"""Radius of a palm, relative to the height of the image."""


class FingerCount(SupportOracle):
    """Count fingers by `finger_finder`. A hand may be rotated, larger or smaller, dark or light.

    It cannot tell whether a finger is in the right place, nor a thumb from a finger, nor adjacent fingers without a gap
    from one. All thresholds are ours.

    Args:
        thresholds: Contrast to the background, relative to the hand's, from which a pixel is part of the hand. The
            count has to be the same for all of them; the middle one gives it.
        lengths: Minimum length of a finger, relative to the palm's radius; the count has to be the same for all.
        max_half_width: Maximum half width of a finger, relative to the palm's radius.
        max_loose: Maximum area of pieces apart from the hand, relative to the hand's.
        max_hole: Maximum area of a hole, relative to the palm's.
        dark: Contrast, from 0 to 1, below which an image is empty.
        labels: CSV file of a contact sheet with people's labels: a number of fingers, ``malformed`` or ``empty``. A
            label replaces the count for images with identical bytes.

    Raises:
        ConfigurationError: If a threshold is out of its range, or the labels cannot be read.

    Example:
        >>> from lightning_modeinterp.data.hands import Hands
        >>> images = Hands().sample(3, torch.Generator().manual_seed(0), fingers=6).images
        >>> FingerCount().judge(images).details["fingers"]
        tensor([6, 6, 6], dtype=torch.int16)
    """

    def __init__(
        self,
        thresholds: Sequence[float] = (0.4, 0.5, 0.6),
        lengths: Sequence[float] = (0.18, 0.25),
        max_half_width: float = 0.42,
        max_loose: float = 0.03,
        max_hole: float = 0.02,
        dark: float = 0.1,
        labels: str | Path | None = None,
    ) -> None:
        super().__init__(["extra", "missing", "malformed", "empty"])
        if not thresholds or list(thresholds) != sorted(thresholds) or thresholds[0] <= 0 or thresholds[-1] >= 1:
            raise ConfigurationError(f"thresholds: expected increasing numbers between 0 and 1, got {list(thresholds)}")
        if not lengths or min(lengths) <= 0 or not 0 < dark < 1 or min(max_half_width, max_loose, max_hole) < 0:
            raise ConfigurationError(
                "support: expected lengths above 0, dark between 0 and 1 and max_half_width, max_loose and max_hole "
                f">= 0, got {list(lengths)}, {dark}, {max_half_width}, {max_loose} and {max_hole}"
            )
        self.thresholds, self.lengths = tuple(thresholds), tuple(lengths)
        self.max_half_width, self.max_loose, self.max_hole, self.dark = max_half_width, max_loose, max_hole, dark
        self.labels = {} if labels is None else read_labels(labels, LABELS).by_key

    def judge(self, samples: Tensor) -> SupportVerdict:
        """See `SupportOracle.judge`.

        ``mode`` is always 0. The verdict's detail is the number of ``fingers``, the likeliest one if it is uncertain. A
        sample that is not finite is malformed.
        """
        chunks = [self._judge(chunk) for chunk in torch.split(samples, CHUNK)]
        fingers, is_certain, is_empty = (torch.cat(each).to(samples.device) for each in zip(*chunks, strict=True))
        is_certain &= samples.flatten(1).isfinite().all(1)
        for row, label in self._labelled(samples):
            is_certain[row], is_empty[row] = label != "malformed", label == "empty"
            if label.isdigit():
                fingers[row] = int(label)
        kind = torch.full((len(samples),), IN_SUPPORT, dtype=torch.int8, device=samples.device)
        kind[fingers > FINGERS] = EXTRA
        kind[fingers < FINGERS] = MISSING
        kind[~is_certain] = MALFORMED
        kind[is_empty] = EMPTY
        mode = torch.zeros(len(samples), dtype=torch.int64, device=samples.device)
        return SupportVerdict(kind, mode, self.kinds, {"fingers": fingers})

    def _labelled(self, samples: Tensor) -> Iterator[tuple[int, str]]:
        """Rows of the labelled samples, and their labels."""
        if self.labels:
            for row, pixels in enumerate(samples.nan_to_num(0).round().clamp(0, WHITE).byte().cpu().numpy()):
                if label := self.labels.get(image_key(pixels)):
                    yield row, label

    def _judge(self, samples: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Number of fingers, whether it is certain, and whether the image is empty, (N,) each."""
        if len(samples) == 0:
            return torch.zeros(0, dtype=torch.int16), torch.zeros(0, dtype=torch.bool), torch.zeros(0, dtype=torch.bool)
        hands = hand_masks(samples, self.thresholds, WORKING_SIZE)
        found = [find_fingers(mask, self.lengths) for mask in hands.masks]
        counts = np.concatenate([each.counts for each in found])
        middle = found[len(found) // 2].counts[0]
        is_whole = [
            self._is_whole(each) & (loose <= self.max_loose) for each, loose in zip(found, hands.loose, strict=True)
        ]
        is_certain = (counts == middle).all(0) & np.all(is_whole, axis=0)
        is_empty = hands.contrast < self.dark
        fingers = torch.from_numpy(np.where(is_empty, 0, middle).astype(np.int16))
        return fingers, torch.from_numpy(is_certain), torch.from_numpy(is_empty)

    def _is_whole(self, found: FoundFingers) -> NDArray[np.bool_]:
        has_palm = (found.radius >= LEAST_RADIUS) & (found.radius <= LARGEST_RADIUS)
        return has_palm & (found.half_width <= self.max_half_width) & (found.holes <= self.max_hole)
