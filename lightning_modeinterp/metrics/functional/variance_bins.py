"""Fixed bins of log-variance: scores of any number of samples in constant memory.

Bin ``b`` holds ``edge[b - 1] < v <= edge[b]``, so "score at most an upper edge" means the same for samples and bins,
and a threshold found on bins can be used on samples. Edges are float32 numbers, whatever precision compares them.
"""

import torch
from torch import Tensor

from lightning_modeinterp.threshold import as_suspicion

LOG10_LOWEST = -24.0
"""Upper edge of the lowest bin: below the rounding of float32 trajectories of order one."""

LOG10_HIGHEST = 12.0
"""Upper edge of the last bin but one; whatever is above has diverged."""

NUM_BINS = 8192
"""A bin is 1 % of a variance wide: binned AUROCs stay within 1e-3 for scores that spread over 5 % or more."""


def variance_bin_edges(device: torch.device | None = None) -> Tensor:
    """Give the upper edges of the bins.

    Args:
        device: Where they shall lie.

    Returns:
        (NUM_BINS,) float32, rising, model units squared; the last is +inf.

    Example:
        >>> edges = variance_bin_edges()
        >>> len(edges), edges[-1]
        (8192, tensor(inf))
    """
    # In float64 on the CPU first: every device gets the very same edges.
    finite = torch.logspace(LOG10_LOWEST, LOG10_HIGHEST, NUM_BINS - 1, dtype=torch.float64).float()
    return torch.cat([finite, torch.full((1,), torch.inf)]).to(device)


def variance_bins(variance: Tensor) -> Tensor:
    """Find the bin of each variance.

    ``b = min { b : v <= edge[b] }`` with ``edge`` spaced evenly in ``log10 v``. Zero (and a variance that rounding
    left below zero) falls in the lowest bin; nan and +inf in the highest: a diverged sample is as suspicious as can be.
    Bins cannot tell samples apart whose variances differ by less than 1 %: the AUROC counts them as ties.

    Args:
        variance: Any shape, model units squared.

    Returns:
        Same shape, int64 in [0, NUM_BINS).

    Example:
        >>> import torch
        >>> variance_bins(torch.tensor([0.0, 1e-6, 1e-5, torch.nan]))
        tensor([   0, 4095, 4323, 8191])
    """
    # Not by rounding log10: what lies on an edge has to fall on the side that `<=` puts it.
    return torch.bucketize(as_suspicion(variance).contiguous(), variance_bin_edges(variance.device)[:-1])


def count_bins(bins: Tensor, group: Tensor, num_groups: int, num_bins: int) -> Tensor:
    """Count how often each group falls in each bin, column by column.

    Counts forget which sample stood where: they cannot tell how two columns of one sample go together.

    Args:
        bins: (N, C) int64 in [0, num_bins).
        group: (N,) int64 in [0, num_groups), the group of each sample.
        num_groups: Number of groups G.
        num_bins: Number of bins B.

    Returns:
        (C, G, B) int64.

    Example:
        >>> import torch
        >>> count_bins(torch.tensor([[0], [2], [2]]), torch.tensor([0, 0, 1]), num_groups=2, num_bins=3)
        tensor([[[1, 0, 1],
                 [0, 0, 1]]])
    """
    num_columns = bins.shape[1]
    column = torch.arange(num_columns, device=bins.device)
    cell = (column * num_groups + group[:, None]) * num_bins + bins
    size = num_columns * num_groups * num_bins
    return torch.bincount(cell.flatten(), minlength=size).reshape(num_columns, num_groups, num_bins)
