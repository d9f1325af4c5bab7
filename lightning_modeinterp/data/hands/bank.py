"""A finite bank of hands: every image is one of K templates with slight pixel noise.

Templates are a grid of poses in the same light: rotation of the hand, side, spread, and shifts along both axes. So the
posterior mean of a noised image is a sum over K, and the optimal denoiser is known; see `ExactHands`.
"""

from functools import cached_property

import torch
from torch import Tensor

from lightning_modeinterp.data.hands.poses import FAN, MAX_FAN, NUM_DIGITS, HandPoses
from lightning_modeinterp.data.hands.renderer import HandLooks, render
from lightning_modeinterp.data.hands.skeleton import gaps, skeleton
from lightning_modeinterp.data.images import to_model_units
from lightning_modeinterp.errors import ConfigurationError

TURN, PITCH, SHIFT = 0.3, (0.13, 0.146), 0.03
SCALE, CENTRE = 1.08, (0.5, 0.62)
TONE, BACKGROUND, SHADE = 0.8, 0.06, 0.35
"""The light: grey levels from 0 (black) to 1 (white), and the share by which rims are darker."""


class HandBank:
    """The templates, and random samples of them.

    Rotations are close enough that the fingers of one hand fill the gaps of another: half of the templates have a
    finger where the others have none.

    Args:
        image_size: Height and width S in pixels, at least 24.
        num_turns: Number of rotations of the hand, from -0.3 to 0.3 rad, at least 2.
        num_shifts: Number of shifts along each axis, from -3 to 3 % of the height, at least 1.
        noise: Standard deviation of the noise on pixels, model units; above 0.

    Raises:
        ConfigurationError: If a number is out of its range.

    Example:
        >>> bank = HandBank(32, num_turns=3, num_shifts=1)
        >>> bank.templates.shape
        torch.Size([12, 1, 32, 32])
    """

    def __init__(self, image_size: int = 32, num_turns: int = 25, num_shifts: int = 5, noise: float = 0.02) -> None:
        if image_size < 24 or num_turns < 2 or num_shifts < 1 or not noise > 0:
            raise ConfigurationError(
                "bank: expected image_size >= 24, num_turns >= 2, num_shifts >= 1 and noise > 0, got "
                f"{image_size}, {num_turns}, {num_shifts} and {noise}"
            )
        self.image_size, self.num_turns, self.num_shifts, self.noise = image_size, num_turns, num_shifts, noise

    @cached_property
    def poses(self) -> HandPoses:
        """Poses of the templates; rotation changes slowest, then side, pitch, and shift."""
        shifts = torch.linspace(-SHIFT, SHIFT, self.num_shifts) if self.num_shifts > 1 else torch.zeros(1)
        turns = torch.linspace(-TURN, TURN, self.num_turns)
        grid = torch.cartesian_prod(turns, torch.tensor([-1.0, 1.0]), torch.tensor(PITCH), shifts, shifts)
        turn, side, pitch = grid[:, :3].unbind(1)
        return held(turn, side, pitch, grid[:, 3:])

    @cached_property
    def templates(self) -> Tensor:
        """(K, 1, S, S) float32, model units."""
        return to_model_units(self.draw(self.poses))

    def draw(self, poses: HandPoses) -> Tensor:
        """Hands in the light of the bank, (N, 1, S, S) uint8."""
        return render(skeleton(poses, self.image_size), light(len(poses)), self.image_size)

    @property
    def least_gap(self) -> float:
        """Minimum gap between neighbouring finger tips, pixels; see `gaps`."""
        return float(gaps(skeleton(self.poses, self.image_size).digits).min())

    def sample(self, num_samples: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw images.

        Args:
            num_samples: Number N of images.
            generator: The only source of randomness.

        Returns:
            Images (N, 1, S, S) float32, model units, and the template of each, (N,) int64.
        """
        chosen = torch.randint(len(self.templates), (num_samples,), generator=generator)
        shape = (num_samples, *self.templates.shape[1:])
        return self.templates[chosen] + self.noise * torch.randn(shape, generator=generator), chosen


def held(turn: Tensor, side: Tensor, pitch: Tensor, shift: Tensor) -> HandPoses:
    """Hands of four fingers and a thumb that differ only in these, (N,) each and (N, 2)."""
    number = len(turn)
    has_digit = torch.tensor([True] * FAN + [False] * (MAX_FAN - FAN) + [True, False]).expand(number, -1)
    one, none = torch.ones(number), torch.zeros(number)
    return HandPoses(
        fan=torch.full((number,), FAN),
        has_digit=has_digit,
        side=side,
        centre=torch.tensor(CENTRE) + shift,
        scale=SCALE * one,
        turn=turn,
        lean=none,
        pitch=pitch,
        width=one,
        length=torch.ones(number, NUM_DIGITS),
        bend=torch.zeros(number, NUM_DIGITS),
    )


def light(number: int) -> HandLooks:
    """The light, for N hands."""
    one = torch.ones(number, 1)
    return HandLooks(TONE * one, BACKGROUND * one, SHADE * one[:, 0], torch.zeros(number, 2), torch.zeros(number, 2))
