"""The pose of a hand: everything except light and colour.

Lengths are in units of the image's height, angles in radians. A hand's fingers are side by side in a fan of up to
`MAX_FAN` places, from the thumb's side outwards; a place may be empty. A thumb may be on either side of the fan, on
both or on none: hands of the data have a fan of four and one thumb, others are for tests and comparisons.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

MAX_FAN = 6
FAN = 4
FINGERS = 5
"""Fingers of a hand, including the thumb."""

NUM_DIGITS = MAX_FAN + 2
"""Places for fingers on a hand: the fan, then the thumb on the index finger's side, then one on the other side."""


@dataclass(frozen=True)
class HandPoses:
    """N hands; each field has one row per hand.

    Args:
        fan: (N,) int64, places in the fan, 1 to `MAX_FAN`.
        has_digit: (N, `NUM_DIGITS`) bool, which fingers exist; places beyond ``fan`` have none.
        side: (N,) 1 if the index finger is on the right of the image, -1 if it is on the left.
        centre: (N, 2) x (to the right) and y (downwards) of the middle of the palm.
        scale: (N,) size, relative to the usual one.
        turn: (N,) rotation of the whole hand, clockwise.
        lean: (N,) angle of the fan to the palm.
        pitch: (N,) distance between neighbouring finger tips.
        width: (N,) width of the fingers, relative to the usual one.
        length: (N, `NUM_DIGITS`) length of each finger, relative to its usual one.
        bend: (N, `NUM_DIGITS`) angle of each finger to its place.
    """

    fan: Tensor
    has_digit: Tensor
    side: Tensor
    centre: Tensor
    scale: Tensor
    turn: Tensor
    lean: Tensor
    pitch: Tensor
    width: Tensor
    length: Tensor
    bend: Tensor

    def __len__(self) -> int:
        """Number of hands."""
        return len(self.fan)

    def __getitem__(self, rows: slice | Tensor) -> "HandPoses":
        return self._each(lambda values: values[rows])

    @property
    def fingers(self) -> Tensor:
        """Number of fingers of each hand, including thumbs, (N,) int64."""
        return self.has_digit.sum(1)

    @classmethod
    def joined(cls, parts: Sequence["HandPoses"]) -> "HandPoses":
        """Concatenate the hands of all parts."""
        return cls(*(torch.cat([getattr(part, each.name) for part in parts]) for each in fields(cls)))

    def _each(self, change: Callable[[Tensor], Tensor]) -> "HandPoses":
        return HandPoses(*(change(getattr(self, each.name)) for each in fields(self)))


def digits(fingers: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Choose which fingers hands have.

    Five are four and a thumb, as in the data. With another number, half of the hands have one thumb, a quarter none and
    a quarter one on either side. Fewer than four other fingers leave places of a fan of four empty in half of the
    cases, and are in a smaller fan in the other half.

    Args:
        fingers: (N,) int64, 1 to `MAX_FAN` + 1.
        generator: The only source of randomness.

    Returns:
        Places in the fan (N,) int64, and which fingers exist, (N, `NUM_DIGITS`) bool.
    """
    number = len(fingers)
    wanted = torch.tensor([1, 1, 0, 2])[torch.randint(4, (number,), generator=generator)]
    wanted[fingers == FINGERS] = 1
    thumbs = wanted.clamp(min=fingers - MAX_FAN).minimum(fingers - 1)
    beside = fingers - thumbs
    is_small = torch.rand(number, generator=generator) < 0.5
    fan = torch.where(is_small | (beside > FAN), beside, FAN)
    order = torch.rand(number, MAX_FAN, generator=generator)
    order[torch.arange(MAX_FAN) >= fan[:, None]] = 2.0  # places that are not in the fan come last
    has_finger = order.argsort(1).argsort(1) < beside[:, None]
    has_thumb = torch.stack([thumbs > 0, thumbs > 1], dim=1)
    return fan, torch.cat([has_finger, has_thumb], dim=1)
