"""Hands of five fingers with random pose, light and colour.

The data never have another number of fingers, nor a hand with two thumbs. Other hands can be drawn, to test oracles
and to compare.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from lightning_modeinterp.data.hands.poses import FINGERS, MAX_FAN, NUM_DIGITS, HandPoses, digits
from lightning_modeinterp.data.hands.renderer import HandLooks, render
from lightning_modeinterp.data.hands.skeleton import Capsules, gaps, skeleton
from lightning_modeinterp.errors import ConfigurationError

Range = tuple[float, float]

MIN_SIZE = 24
LEAST_GAP = 0.04
"""Minimum gap between neighbouring finger tips, relative to the height of the image."""

MAX_REDRAWN = 200
"""Maximum number of draws per hand."""

GREY, COLOUR = 1, 3
REDDISH = torch.tensor([1.0, 0.78, 0.66])
"""Skin colour in RGB, relative to its red channel."""


@dataclass(frozen=True)
class HandImages:
    """N images with their ground truth.

    Args:
        images: (N, C, S, S) uint8.
        poses: Poses of the hands.
        landmarks: Knuckle, tip and radii of each finger, pixels; see `Capsules.digits`.
    """

    images: Tensor
    poses: HandPoses
    landmarks: Capsules


class Hands:
    """The distribution of the images. It cannot be written as a density.

    Args:
        image_size: Height and width in pixels, at least 24.
        num_channels: 1 for grey, 3 for RGB.
        least_gap: Minimum gap between neighbouring finger tips, in pixels; see `gaps`. If None, 4 % of the image's
            height.
        width: Minimum and maximum width of fingers, relative to the usual one.
        tone: Darkest and lightest skin, from 0 (black) to 1 (white).
        background: Darkest and lightest background.
        shade: Minimum and maximum share by which the rim of a finger is darker than its middle.

    Raises:
        ConfigurationError: If the image is too small for fingers, or a range is invalid.

    Example:
        >>> drawn = Hands(32).sample(4, torch.Generator().manual_seed(0))
        >>> drawn.images.shape, drawn.images.dtype, drawn.poses.fingers.tolist()
        (torch.Size([4, 1, 32, 32]), torch.uint8, [5, 5, 5, 5])
    """

    def __init__(
        self,
        image_size: int = 64,
        num_channels: int = GREY,
        least_gap: float | None = None,
        width: Range = (0.9, 1.1),
        tone: Range = (0.6, 0.95),
        background: Range = (0.02, 0.15),
        shade: Range = (0.25, 0.45),
    ) -> None:
        self.image_size, self.num_channels = image_size, num_channels
        self.least_gap = LEAST_GAP * image_size if least_gap is None else least_gap
        self.width, self.tone, self.background, self.shade = width, tone, background, shade
        self._check()

    def sample(self, num_samples: int, generator: torch.Generator, fingers: int | Tensor = FINGERS) -> HandImages:
        """Draw images.

        Args:
            num_samples: Number N of images.
            generator: The only source of randomness.
            fingers: Number of fingers of each hand, including thumbs: one number, or (N,) int64; 1 to 7.

        Raises:
            ConfigurationError: If the number or the gap is not possible.
        """
        wanted = torch.as_tensor(fingers).expand(num_samples)
        if num_samples and not (wanted.min() >= 1 and wanted.max() <= MAX_FAN + 1):
            raise ConfigurationError(f"fingers: expected 1 to {MAX_FAN + 1}, including thumbs, got {fingers}")
        poses = self._poses(wanted, generator)
        capsules = skeleton(poses, self.image_size)
        images = render(capsules, self.looks(num_samples, generator), self.image_size)
        return HandImages(images, poses, capsules.digits)

    def looks(self, num_samples: int, generator: torch.Generator) -> HandLooks:
        """Draw light and colour; see `sample`."""
        one = (num_samples, 1)
        tone = _uniform(self.tone, one, generator).repeat(1, self.num_channels)
        background = _uniform(self.background, one, generator).repeat(1, self.num_channels)
        if self.num_channels == COLOUR:
            tone = tone * REDDISH ** _uniform((0.6, 1.2), one, generator)
            background = background * _uniform((0.9, 1.0), background.shape, generator)
        shade = _uniform(self.shade, one, generator)[:, 0]
        angle, strength = _uniform((0, 2 * torch.pi), one, generator), _uniform((0.0, 0.15), one, generator)
        light = strength * torch.cat([angle.cos(), angle.sin()], dim=1)
        return HandLooks(tone, background, shade, light, _uniform((-0.04, 0.04), (num_samples, 2), generator))

    def _poses(self, fingers: Tensor, generator: torch.Generator) -> HandPoses:
        """Hands with the minimum gap; those without are redrawn with the same fingers."""
        poses = self._any_poses(*digits(fingers, generator), generator)
        for _ in range(MAX_REDRAWN):
            is_close = gaps(skeleton(poses, self.image_size).digits) < self.least_gap
            if not is_close.any():
                return poses
            again = self._any_poses(poses.fan[is_close], poses.has_digit[is_close], generator)
            place = torch.arange(len(poses))
            place[is_close] = len(poses) + torch.arange(len(again))
            poses = HandPoses.joined([poses, again])[place]
        raise ConfigurationError(
            f"least_gap: expected a possible gap, got {self.least_gap} pixels on images of "
            f"{self.image_size}, which none of {MAX_REDRAWN} draws had; set a smaller gap or thinner fingers"
        )

    def _any_poses(self, fan: Tensor, has_digit: Tensor, generator: torch.Generator) -> HandPoses:
        number = len(fan)

        def uniform(low: float, high: float, *shape: int) -> Tensor:
            return _uniform((low, high), (number, *shape), generator)

        side = 2.0 * torch.randint(2, (number,), generator=generator) - 1
        return HandPoses(
            fan=fan,
            has_digit=has_digit,
            side=side,
            centre=uniform(-0.03, 0.03, 2) + torch.tensor([0.5, 0.62]),
            scale=uniform(0.98, 1.18),
            turn=uniform(-0.3, 0.3),
            lean=uniform(-0.08, 0.08),
            pitch=uniform(0.118, 0.15),
            width=uniform(*self.width),
            length=torch.cat([uniform(0.94, 1.06, MAX_FAN), uniform(0.9, 1.1, NUM_DIGITS - MAX_FAN)], dim=1),
            bend=torch.cat([uniform(-0.03, 0.03, MAX_FAN), uniform(-0.25, 0.15, NUM_DIGITS - MAX_FAN)], dim=1),
        )

    def _check(self) -> None:
        if self.image_size < MIN_SIZE or self.num_channels not in (GREY, COLOUR):
            raise ConfigurationError(
                f"hands: expected image_size >= {MIN_SIZE}, below which fingers merge, and 1 or 3 "
                f"channels, got {self.image_size} and {self.num_channels}"
            )
        if self.least_gap < 0:
            raise ConfigurationError(f"least_gap: expected pixels >= 0, got {self.least_gap}")
        for name in ("tone", "background", "shade", "width"):
            low, high = getattr(self, name)
            if not 0 <= low <= high or (name != "width" and high > 1) or (name == "width" and low == 0):
                raise ConfigurationError(
                    f"{name}: expected two numbers, the lower first, "
                    f"{'above 0' if name == 'width' else 'from 0 to 1'}, got {low} and {high}"
                )


def _uniform(limits: Range, shape: tuple[int, ...] | torch.Size, generator: torch.Generator) -> Tensor:
    low, high = limits
    return low + (high - low) * torch.rand(shape, generator=generator)
