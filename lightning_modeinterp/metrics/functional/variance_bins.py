"""Fixed bins of log-variance, for any number of samples in constant memory.

Bin ``b`` holds ``edge[b - 1] < v <= edge[b]``, so "score at most an upper edge" means the same for samples and bins,
and a threshold from bins can be used on samples. Edges are float32 numbers, whatever precision compares them.
"""

import torch
from torch import Tensor

from lightning_modeinterp.threshold import as_suspicion

LOG10_LOWEST = -24.0
"""Upper edge of the lowest bin: below the rounding of float32 trajectories of order one."""

LOG10_HIGHEST = 12.0
"""Upper edge of the last bin but one; variances above have diverged."""

NUM_BINS = 8192
"""A bin is 1 % of a variance wide: binned AUROCs are exact to 1e-3 for scores that spread over 5 % or more."""


def variance_bin_edges(device: torch.device | None = None) -> Tensor:
    """The upper edges of the bins.

    Args:
        device: Their device.

    Returns:
        (NUM_BINS,) float32, increasing, model units squared; the last is +inf.

    Example:
        >>> edges = variance_bin_edges()
        >>> len(edges), edges[-1]
        (8192, tensor(inf))
    """
    # In float64 on the CPU first, so that every device gets the same edges.
    finite = torch.logspace(LOG10_LOWEST, LOG10_HIGHEST, NUM_BINS - 1, dtype=torch.float64).float()
    return torch.cat([finite, torch.full((1,), torch.inf)]).to(device)


def variance_bins(variance: Tensor) -> Tensor:
    """Find the bin of each variance.

    ``b = min { b : v <= edge[b] }`` with ``edge`` spaced evenly in ``log10 v``. Zero (and a variance that is
    negative by rounding) goes to the lowest bin; nan and +inf to the highest: a diverged sample is the most suspicious.
    Bins cannot separate samples whose variances differ by less than 1 %: the AUROC counts them as ties.

    Args:
        variance: Any shape, model units squared.

    Returns:
        Same shape, int64 in [0, NUM_BINS).

    Example:
        >>> import torch
        >>> variance_bins(torch.tensor([0.0, 1e-6, 1e-5, torch.nan]))
        tensor([   0, 4095, 4323, 8191])
    """
    # Not by rounding log10: a value on an edge has to be on the side that `<=` puts it.
    return torch.bucketize(as_suspicion(variance).contiguous(), variance_bin_edges(variance.device)[:-1])


def count_bins(bins: Tensor, group: Tensor, num_groups: int, num_bins: int) -> Tensor:
    """Count how often each group is in each bin, per column.

    Counts lose the identity of samples, so two columns of one sample cannot be related.

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
