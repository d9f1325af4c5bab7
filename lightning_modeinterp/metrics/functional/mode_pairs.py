"""Pairs of modes that a sample can lie between: neighbours, and diagonals of the cells that neighbours form.

A third mode c is inside the ball with the modes a and b as ends of a diameter if ``(a - c) . (b - c) < 0``,
and on its sphere if that is 0 (Thales). A pair is

    neighbours   if all other modes are outside the closed ball   (a Gabriel graph),
    diagonal     if none is inside, but some are on the sphere    (in a square cell the other two corners are).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

_ON_SPHERE = 1e-9
"""Largest ``|(a - c) . (b - c)| / |a - b|^2`` of a mode c on the sphere."""


@dataclass(frozen=True)
class ModePairs:
    """Pairs of modes, neighbours first.

    Args:
        modes: (P, 2) int64, the two modes of each pair, the lower one first.
        is_diagonal: (P,) bool, False for neighbours.
    """

    modes: Tensor
    is_diagonal: Tensor


def mode_pairs(means: Tensor) -> ModePairs:
    """Find the neighbours and the diagonals among modes.

    It ignores the width of the modes: neighbours may touch.

    Args:
        means: (K, d) float64, distinct.

    Returns:
        All P such pairs, sorted by their modes, neighbours before diagonals.

    Example:
        >>> square = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], dtype=torch.float64)
        >>> pairs = mode_pairs(square)
        >>> pairs.modes.tolist()
        [[0, 1], [0, 2], [1, 3], [2, 3], [0, 3], [1, 2]]
        >>> pairs.is_diagonal.tolist()
        [False, False, False, False, True, True]
    """
    least = torch.full((len(means), len(means)), math.inf, dtype=means.dtype, device=means.device)
    for third in range(len(means)):
        offsets = means - means[third]
        products = offsets @ offsets.T
        products[third], products[:, third] = math.inf, math.inf  # an end of a pair is not a third mode
        least = torch.minimum(least, products)
    tolerance = _ON_SPHERE * torch.cdist(means, means).square()
    close, diagonals = (which.triu(diagonal=1).nonzero() for which in (least > tolerance, least.abs() <= tolerance))
    kinds = torch.tensor([False] * len(close) + [True] * len(diagonals), dtype=torch.bool, device=means.device)
    return ModePairs(torch.cat([close, diagonals]), kinds)


def neighbours(means: Tensor) -> Tensor:
    """The neighbours alone, without coinciding modes.

    Args:
        means: (K, d) float64.

    Returns:
        (P, 2) int64, the lower mode first; empty for a single mode.

    Example:
        >>> neighbours(torch.tensor([[1.0], [2.0], [4.0], [5.0]], dtype=torch.float64)).tolist()
        [[0, 1], [1, 2], [2, 3]]
    """
    pairs = mode_pairs(means)
    modes = pairs.modes[~pairs.is_diagonal]
    first, last = means[modes].unbind(1)
    return modes[(first != last).any(1)]


def count_between(points: Tensor, means: Tensor, pairs: Tensor, radius: float) -> Tensor:
    """Count the points in the tube around each pair's segment.

    A point counts for the pair with the nearest segment, so crossing tubes share no point. Points further than
    ``radius`` from every segment do not count, nor do points that are not finite.

    Args:
        points: (N, d).
        means: (K, d) float64, units of the points.
        pairs: (P, 2) int64, the modes at the ends of each segment.
        radius: Radius of the tubes, same units.

    Returns:
        (P,) int64.

    Example:
        >>> line = torch.tensor([[0.0], [1.0], [2.0]], dtype=torch.float64)
        >>> points = torch.tensor([[0.4], [0.6], [1.5], [2.05], [9.0]])
        >>> count_between(points, line, torch.tensor([[0, 1], [1, 2]]), radius=0.1).tolist()
        [2, 2]
    """
    x = points.double()
    squares = torch.cdist(means, x).square()  # (K, N)
    nearest = torch.full((len(x),), radius**2, dtype=x.dtype, device=x.device)
    owner = torch.full((len(x),), len(pairs), device=x.device)
    for number, (start, end) in enumerate(pairs.tolist()):
        length = (means[end] - means[start]).square().sum()
        distance = _squared_distance_to_segment(squares[start], squares[end], length)
        is_nearer = distance <= nearest
        nearest = torch.where(is_nearer, distance, nearest)
        owner = torch.where(is_nearer, number, owner)
    return torch.bincount(owner, minlength=len(pairs) + 1)[: len(pairs)]


def _squared_distance_to_segment(to_start: Tensor, to_end: Tensor, length: Tensor) -> Tensor:
    """From squared distances alone: with ``s = (x - a) . (b - a) = (|x - a|^2 - |x - b|^2 + |b - a|^2) / 2``."""
    along = (to_start - to_end + length) / 2
    position = (along / length).clamp(0, 1)
    return to_start + position * (position * length - 2 * along)
