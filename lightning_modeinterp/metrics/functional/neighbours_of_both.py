"""Whether points lie between two groups, in a space of any dimension."""

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError

FEWEST = 0.25
"""Minimum share of the nearest neighbours from each group, for a point with neighbours of both."""


def neighbours_of_both(points: Tensor, first: Tensor, second: Tensor, num_neighbours: int = 20) -> Tensor:
    """Which points have both groups among their nearest neighbours, with at least a quarter each.

    Neighbours are by Euclidean distance among the points of the two groups alone. If the groups are mixed, this is true
    for every point; so compare with points that are known not to lie between.

    Args:
        points: (N, F), the points to test.
        first: (A, F), the points of a group.
        second: (B, F), the points of the other.
        num_neighbours: Number of neighbours, at most A + B.

    Returns:
        (N,) bool.

    Raises:
        ConfigurationError: If there are fewer than ``num_neighbours`` points, or points of other dimensions.

    Example:
        >>> import torch
        >>> left, right = -torch.ones(3, 1), torch.ones(3, 1)
        >>> neighbours_of_both(torch.tensor([[0.0], [5.0]]), left, right, 6).tolist()
        [True, True]
        >>> neighbours_of_both(torch.tensor([[0.5]]), left, right, 3).tolist()
        [False]
    """
    if (
        not 1 <= num_neighbours <= len(first) + len(second)
        or not points.shape[1:] == first.shape[1:] == second.shape[1:]
    ):
        raise ConfigurationError(
            f"expected 1 to A + B neighbours among points (N, F), (A, F) and (B, F), got {num_neighbours} among "
            f"{tuple(points.shape)}, {tuple(first.shape)} and {tuple(second.shape)}"
        )
    is_first = torch.arange(len(first) + len(second), device=points.device) < len(first)
    nearest = torch.cdist(points, torch.cat([first, second])).topk(num_neighbours, largest=False).indices
    share = is_first[nearest].double().mean(1)
    return (share >= FEWEST) & (share <= 1 - FEWEST)
