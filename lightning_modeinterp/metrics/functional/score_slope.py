"""Slope of a score between two modes: where a network smooths it, samples end up in between.

Along the segment between two modes the true score falls, jumps from pointing back to pointing forward, and falls again.
For two equal modes ``N(+-m, v)`` it is ``s(x) = (m tanh(m x / v) - x) / v``: the jump is ``2 v / m`` wide and its slope
in the middle is ``m^2 / v^2 - 1 / v``.
"""

import math

import torch
from torch import Tensor

POINTS_PER_TURN = 20
"""Points over the width ``2 v / m`` of a jump: the largest slope between neighbours is exact to 0.4 %."""

MIN_POINTS = 64


def points_between(first: Tensor, last: Tensor, variance: float) -> Tensor:
    """Points in the middle half of the segment between two noised modes, dense enough to resolve the true jump.

    The quarters next to the modes are left out, since they do not belong to the transition.

    Args:
        first: (d,) centre of a noised mode, model units.
        last: (d,) centre of its neighbour.
        variance: Variance ``v`` of both, model units squared.

    Returns:
        (N, d) float64, `POINTS_PER_TURN` over the width ``2 v / m`` of the jump and at least `MIN_POINTS`. N is even:
        the middle is between two of them.

    Example:
        >>> import torch
        >>> x = points_between(torch.zeros(2), torch.tensor([1.0, 0.0]), variance=0.01)
        >>> x.shape, x[0].tolist(), x[-1].tolist()
        (torch.Size([252, 2]), [0.25, 0.0], [0.75, 0.0])
    """
    first, last = first.double(), last.double()
    distance = torch.dist(first, last).item()
    num_points = 2 * math.ceil((POINTS_PER_TURN * distance**2 / (8 * variance) + 1) / 2)
    position = torch.linspace(0.25, 0.75, max(num_points, MIN_POINTS), dtype=torch.float64)
    return torch.lerp(first, last, position.unsqueeze(1))


def largest_slope(score: Tensor, x: Tensor) -> Tensor:
    """The largest slope of a score along a line, from one point to the next.

    ``max_i (s_i+1 - s_i) . (x_i+1 - x_i) / |x_i+1 - x_i|^2``

    Args:
        score: (N, d) at the points, 1 / model units.
        x: (N, d), N >= 2 consecutive points on a line, model units.

    Returns:
        Scalar float64, 1 / model units squared; negative if the score falls everywhere.

    Example:
        >>> import torch
        >>> x = torch.linspace(-1, 1, 1001, dtype=torch.float64).unsqueeze(1)
        >>> largest_slope(torch.tanh(5 * x) - x, x)
        tensor(3.9998, dtype=torch.float64)
    """
    rise, run = score.double().diff(dim=0), x.double().diff(dim=0)
    return ((rise * run).sum(1) / run.square().sum(1)).max()


def slope_ratio(learned: Tensor, true: Tensor, x: Tensor) -> Tensor:
    """Compare the slopes of the learned and the true score between two modes.

    The largest slope of the learned score over that of the true one: 1 is as sharp as the true one, less is smoothed.
    It cannot tell where the learned score changes, nor how often a trajectory passes: at low noise hardly any noised
    sample is between modes.

    Args:
        learned: (N, d) score of the model at the points, 1 / model units.
        true: (N, d) true score there.
        x: (N, d), points from one noised mode towards the other, model units; see `points_between`.

    Returns:
        Scalar float64; nan if the true score falls everywhere, since the noise has merged the two modes.

    Example:
        >>> import torch
        >>> x = torch.linspace(-1, 1, 1001).unsqueeze(1)
        >>> slope_ratio(torch.tanh(2 * x) - x, torch.tanh(5 * x) - x, x)
        tensor(0.2500, dtype=torch.float64)
    """
    largest = largest_slope(true, x)
    return torch.where(largest > 0, largest_slope(learned, x) / largest, math.nan)
