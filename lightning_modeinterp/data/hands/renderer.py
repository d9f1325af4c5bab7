"""Draw hands: a smooth union of capsules, rounded by its own distance, in light from one side.

With the signed distance d to a hand (negative inside) a pixel is covered by ``1/2 - d``, and the surface rises towards
the middle as a tube does, ``h = sqrt(1 - (1 - q)^2)`` with ``q = -d / rim`` from 0 to 1. Light from a direction l adds
``l . grad h``. The distance is the one to the axis less the radius there, which is a little larger than the true one
beside a taper, and two capsules join over k pixels by the polynomial ``min(a, b) - max(k - |a - b|, 0)^2 / (4 k)``.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from lightning_modeinterp.data.hands.skeleton import Capsules

JOIN = 0.035
"""Width of the blend between capsules, relative to the height of the image."""

RIM = 0.041
"""Width of the rounded rim of a hand, relative to the height of the image: to the middle of a finger."""

FAR = 1e4
"""Distance to a missing capsule, pixels."""

CHUNK_PIXELS = 2**16
"""Number of pixels drawn together, so that they stay in a core's cache."""


@dataclass(frozen=True)
class HandLooks:
    """Light and colour of N hands; brightness is from 0 (black) to 1 (white).

    Args:
        tone: (N, C) brightness of the skin.
        background: (N, C) brightness behind the hand.
        shade: (N,) how much darker the rim of a finger is than its middle, relative to the tone.
        light: (N, 2) x and y of the direction of the light; its length is the strength, relative to the tone.
        slope: (N, 2) change of the background's brightness over the image, to the right and downwards.
    """

    tone: Tensor
    background: Tensor
    shade: Tensor
    light: Tensor
    slope: Tensor

    def __len__(self) -> int:
        """Number of hands."""
        return len(self.tone)

    def __getitem__(self, rows: slice | Tensor) -> "HandLooks":
        return self._each(lambda values: values[rows])

    def _each(self, change: Callable[[Tensor], Tensor]) -> "HandLooks":
        return HandLooks(*(change(getattr(self, each.name)) for each in fields(self)))


def render(capsules: Capsules, looks: HandLooks, image_size: int) -> Tensor:
    """Draw hands.

    Args:
        capsules: Capsules of N hands, from `skeleton`.
        looks: Their light and colour, C channels.
        image_size: Height and width S, pixels.

    Returns:
        (N, C, S, S) uint8.
    """
    chunk = max(1, CHUNK_PIXELS // image_size**2)
    starts = range(0, len(looks), chunk)
    parts = [slice(start, start + chunk) for start in starts]
    drawn = [_shaded(signed_distance(capsules[part], image_size), looks[part]) for part in parts]
    return torch.cat(drawn) if drawn else torch.zeros(0, looks.tone.shape[1], image_size, image_size).byte()


def signed_distance(capsules: Capsules, image_size: int) -> Tensor:
    """Distance of each pixel's centre to the hand, negative inside; (N, S, S) float32, pixels."""
    union: Tensor | None = None
    num_capsules = capsules.start.shape[1]
    for number in range(num_capsules):
        if not capsules.is_there[:, number].any():
            continue
        distance = _capsule_distance(capsules, number, image_size)
        union = distance if union is None else _joined(union, distance, JOIN * image_size)
    assert union is not None  # the palm is always there
    return union


def coverage(distance: Tensor) -> Tensor:
    """Share of each pixel that a hand covers, from 0 to 1."""
    return (0.5 - distance).clamp(0, 1)


def _capsule_distance(capsules: Capsules, number: int, image_size: int) -> Tensor:
    start, radii = capsules.start[:, number], capsules.radii[:, number]
    axis = capsules.end[:, number] - start
    length = axis.norm(dim=1, keepdim=True)
    x_axis, y_axis = (axis / length).unsqueeze(2).unbind(1)  # (N, 1) each
    pixels = torch.arange(image_size) + 0.5
    x, y = pixels - start[:, :1], pixels - start[:, 1:]
    along = (x * x_axis)[:, None, :] + (y * y_axis)[:, :, None]
    beside = (y * x_axis)[:, :, None] - (x * y_axis)[:, None, :]
    on_axis = along.minimum(length[:, :, None]).clamp_(min=0)
    distance: Tensor = beside.square_().addcmul_(along.sub_(on_axis), along).sqrt_()
    taper = ((radii[:, 1:] - radii[:, :1]) / length)[:, :, None]
    distance.addcmul_(on_axis, taper, value=-1)
    away = torch.where(capsules.is_there[:, number], -radii[:, 0], FAR)
    distance.add_(away[:, None, None])
    return distance


def _joined(a: Tensor, b: Tensor, over: float) -> Tensor:
    near = (a - b).abs_().neg_().add_(over).clamp_(min=0)
    return torch.minimum(a, b, out=b).addcmul_(near, near, value=-1 / (4 * over))


def _shaded(distance: Tensor, looks: HandLooks) -> Tensor:
    size = distance.shape[-1]
    rim = RIM * size
    depth = (distance / -rim).clamp_(0, 1).sub_(1)
    height = depth.square_().neg_().add_(1).sqrt_()
    across, down = torch.zeros_like(height), torch.zeros_like(height)
    torch.sub(height[:, :, 2:], height[:, :, :-2], out=across[:, :, 1:-1])
    torch.sub(height[:, 2:], height[:, :-2], out=down[:, 1:-1])
    shade, light = looks.shade[:, None, None], looks.light[:, :, None, None]
    lit = height.mul_(shade).add_(1 - shade)
    lit.addcmul_(across, light[:, 0], value=-1).addcmul_(down, light[:, 1], value=-1)
    cover = coverage(distance)
    ramp = torch.linspace(-0.5, 0.5, size)
    slope = looks.slope[:, :1, None] * ramp + looks.slope[:, 1:, None] * ramp[:, None]
    images = []
    for tone, background in zip(looks.tone.T, looks.background.T, strict=True):
        behind = slope + background[:, None, None]
        image = torch.addcmul(behind, cover, lit * tone[:, None, None] - behind)
        images.append(image.clamp_(0, 1).mul_(255).add_(0.5).byte())
    return torch.stack(images, dim=1)
