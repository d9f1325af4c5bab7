"""How a hand is held: everything about it that is not light or colour.

Lengths are in units of the image's height, angles in radians. A hand's fingers stand side by side in a fan of up to
`MAX_FAN` places, from the thumb's side outwards; a place may be empty. A thumb may be on either side of the fan, on
both or on none: hands of the data have a fan of four and one thumb, others are for tests and for comparison.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

MAX_FAN = 6
FAN = 4
FINGERS = 5
"""Fingers of a hand, the thumb counted."""

NUM_DIGITS = MAX_FAN + 2
"""Places for fingers on a hand: the fan, then the thumb on the index finger's side, then one on the other side."""


@dataclass(frozen=True)
class HandPoses:
    """N hands; each field has one row a hand.

    Args:
        fan: (N,) int64, places in the fan, 1 to `MAX_FAN`.
        has_digit: (N, `NUM_DIGITS`) bool, which fingers are there; places beyond ``fan`` are not.
        side: (N,) 1 where the index finger is on the right of the image, -1 where it is on the left.
        centre: (N, 2) x (to the right) and y (downwards) of the middle of the palm.
        scale: (N,) size over the usual one.
        turn: (N,) of the whole hand, clockwise.
        lean: (N,) of the fan against the palm.
        pitch: (N,) distance between neighbouring finger tips.
        width: (N,) width of the fingers over the usual one.
        length: (N, `NUM_DIGITS`) length of each finger over its usual one.
        bend: (N, `NUM_DIGITS`) angle of each finger against its place.
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
        """Number of fingers of each hand, thumbs counted, (N,) int64."""
        return self.has_digit.sum(1)

    @classmethod
    def joined(cls, parts: Sequence["HandPoses"]) -> "HandPoses":
        """The hands of all parts, one after the other."""
        return cls(*(torch.cat([getattr(part, each.name) for part in parts]) for each in fields(cls)))

    def _each(self, change: Callable[[Tensor], Tensor]) -> "HandPoses":
        return HandPoses(*(change(getattr(self, each.name)) for each in fields(self)))


def digits(fingers: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Choose which fingers hands have.

    Five are four and a thumb, as in the data. Of another number half of the hands have one thumb, a quarter none and a
    quarter one on either side; fewer than four fingers beside them leave places of a fan of four empty or stand in a
    smaller fan, either in half of the cases.

    Args:
        fingers: (N,) int64, 1 to `MAX_FAN` + 1.
        generator: The only source of randomness.

    Returns:
        Places in the fan (N,) int64, and which fingers are there, (N, `NUM_DIGITS`) bool.
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
