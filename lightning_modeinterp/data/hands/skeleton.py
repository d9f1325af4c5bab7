"""From the pose of a hand to its capsules.

A tapered capsule is the convex hull of two discs. A hand has two for the palm, one for the wrist, one per finger and
two for a thumb: the ball with the metacarpal, and the free part. All numbers are ours, from looking at hands. In a
hand's own frame x points to the index finger's side, y to the finger tips, and the unit is the height of the image.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from lightning_modeinterp.data.hands.poses import FAN, MAX_FAN, NUM_DIGITS, HandPoses

LENGTHS = torch.tensor([0.88, 1.0, 0.93, 0.74])
"""Lengths of index, middle, ring and little finger, relative to the middle one."""

LENGTH, BASE_RADIUS, TIP_RADIUS = 0.29, 0.041, 0.032
KNUCKLES, KNUCKLE_HEIGHT, KNUCKLE_ARC = 0.078, 0.115, 0.022
"""Distance between neighbouring knuckles, height of the middle ones, and how much lower the outermost lie."""

PALM = torch.tensor([[[-0.062, -0.105], [-0.078, 0.068]], [[0.055, -0.105], [0.075, 0.068]]])
PALM_RADII = torch.tensor([[0.080, 0.078], [0.085, 0.080]])
WRIST = torch.tensor([[0.0, -0.10], [0.0, -0.75]])
WRIST_RADII = torch.tensor([0.102, 0.115])
THUMB_ROOT, THUMB_JOINT = torch.tensor([0.055, -0.12]), torch.tensor([0.165, -0.035])
THUMB_RADII = torch.tensor([0.062, 0.048])
THUMB_LENGTH, THUMB_TIP_RADIUS, THUMB_ANGLE = 0.17, 0.037, 0.62
NUM_BODY = 5
"""Number of other capsules: palm, wrist, and the balls of both thumbs."""


@dataclass(frozen=True)
class Capsules:
    """K tapered capsules on each of N images; pixels, x to the right and y downwards from the upper left corner.

    Args:
        start: (N, K, 2) centre of the first disc.
        end: (N, K, 2) centre of the second.
        radii: (N, K, 2) radii of both.
        is_there: (N, K) bool.
    """

    start: Tensor
    end: Tensor
    radii: Tensor
    is_there: Tensor

    def __getitem__(self, rows: slice | Tensor) -> "Capsules":
        return Capsules(self.start[rows], self.end[rows], self.radii[rows], self.is_there[rows])

    @property
    def digits(self) -> "Capsules":
        """The fingers alone, (N, `NUM_DIGITS`): the landmarks of a hand, from knuckle to tip."""
        return Capsules(*(each[:, NUM_BODY:] for each in (self.start, self.end, self.radii, self.is_there)))


def skeleton(poses: HandPoses, image_size: int) -> Capsules:
    """The capsules of N hands.

    Args:
        poses: Their poses.
        image_size: Height and width of the image, pixels.
    """
    number = len(poses)
    joint = THUMB_JOINT * torch.tensor([[1.0, 1.0], [-1.0, 1.0]])  # the thumb, and one on the other side
    root = THUMB_ROOT * torch.tensor([[1.0, 1.0], [-1.0, 1.0]])
    knuckle, tip = _fan(poses)
    body_start = torch.cat([PALM[:, 0], WRIST[:1], root]).expand(number, -1, -1)
    body_end = torch.cat([PALM[:, 1], WRIST[1:], joint]).expand(number, -1, -1)
    body_radii = torch.cat([PALM_RADII, WRIST_RADII[None], THUMB_RADII.expand(2, -1)]).expand(number, -1, -1)
    angle = (THUMB_ANGLE + poses.bend[:, MAX_FAN:]) * torch.tensor([1.0, -1.0])
    reach = THUMB_LENGTH * poses.length[:, MAX_FAN:, None]
    thumb_tip = joint + reach * torch.stack([angle.sin(), angle.cos()], dim=2)
    slim = poses.width[:, None, None]
    finger_radii = torch.tensor([BASE_RADIUS, TIP_RADIUS]) * slim * _slimmer(poses)[:, None, None]
    thumb_radii = torch.tensor([THUMB_RADII[1], THUMB_TIP_RADIUS]) * slim
    start = torch.cat([body_start, knuckle, joint.expand(number, -1, -1)], dim=1)
    end = torch.cat([body_end, tip, thumb_tip], dim=1)
    radii = torch.cat([body_radii, finger_radii.expand(-1, MAX_FAN, -1), thumb_radii.expand(-1, 2, -1)], dim=1)
    has_body = torch.ones(number, NUM_BODY - 2, dtype=torch.bool)
    is_there = torch.cat([has_body, poses.has_digit[:, MAX_FAN:], poses.has_digit], dim=1)
    place = _Placement(poses, image_size)
    return Capsules(place(start), place(end), radii * poses.scale[:, None, None] * image_size, is_there)


def gaps(fingers: Capsules) -> Tensor:
    """Distance between neighbouring fingers at the end of the shorter one, surface to surface, pixels.

    The fingers of a fan start side by side at the palm, so the gap between them opens from 0 to this.

    Args:
        fingers: `Capsules.digits` of N hands.

    Returns:
        The minimum gap of each hand, (N,); infinite for less than two fingers. Negative if fingers overlap.
    """
    tip, radius = fingers.end, fingers.radii[..., 1]
    axis = tip - fingers.start
    along = ((tip[:, :, None] - fingers.start[:, None]) * axis[:, None]).sum(3) / axis.square().sum(2)[:, None]
    along = along.clamp(0, 1)
    nearest = fingers.start[:, None] + along[..., None] * axis[:, None]
    other_radius = fingers.radii[:, None, :, 0] + along * (radius - fingers.radii[..., 0])[:, None]
    distance = (tip[:, :, None] - nearest).norm(dim=3) - other_radius - radius[:, :, None]
    is_pair = fingers.is_there[:, :, None] & fingers.is_there[:, None] & ~torch.eye(NUM_DIGITS, dtype=torch.bool)
    least: Tensor = distance.masked_fill(~is_pair, torch.inf).flatten(1).amin(1)
    return least


def _fan(poses: HandPoses) -> tuple[Tensor, Tensor]:
    """Knuckles and tips of the fan, (N, MAX_FAN, 2) each, from the index finger's side."""
    fan = poses.fan[:, None]
    knuckles = KNUCKLES * ((FAN - 1) / (fan - 1).clamp(min=FAN - 1))
    place = (fan - 1) / 2 - torch.arange(MAX_FAN)  # distance from the middle, in fingers
    across = place / ((fan - 1) / 2).clamp(min=0.5)  # from 1 to -1
    profile = (1 - across).clamp(0, 2) * (FAN - 1) / 2
    lower = profile.floor().clamp(max=FAN - 2).long()
    ratio = LENGTHS[lower] + (profile - lower) * (LENGTHS[lower + 1] - LENGTHS[lower])
    spread = (poses.pitch[:, None] - knuckles) / (LENGTH * LENGTHS.mean())
    angle = poses.lean[:, None] + place * spread + poses.bend[:, :MAX_FAN]
    knuckle = torch.stack([place * knuckles, KNUCKLE_HEIGHT - KNUCKLE_ARC * across.square()], dim=2)
    reach = (LENGTH * ratio * poses.length[:, :MAX_FAN])[..., None]
    return knuckle, knuckle + reach * torch.stack([angle.sin(), angle.cos()], dim=2)


def _slimmer(poses: HandPoses) -> Tensor:
    """Factor of finger width, smaller for a fan of more than four, (N,)."""
    return (FAN / poses.fan.clamp(min=FAN)).sqrt()


class _Placement:
    """Transform from a hand's own frame to pixels."""

    def __init__(self, poses: HandPoses, image_size: int) -> None:
        self.poses, self.image_size = poses, image_size

    def __call__(self, points: Tensor) -> Tensor:
        poses = self.poses
        x, y = points[..., 0] * poses.side[:, None], points[..., 1]
        cos, sin = poses.turn.cos()[:, None], poses.turn.sin()[:, None]
        turned = torch.stack([x * cos + y * sin, x * sin - y * cos], dim=2)
        return (poses.centre[:, None] + poses.scale[:, None, None] * turned) * self.image_size
