"""Fixed logarithmic bins for scores of either sign, of any number of samples, in constant memory.

The bins of positive scores are those of variances (`variance_bins`), evenly spaced in the logarithm; those of negative
scores are their mirror image, with a bin for zero between. So a bin is 1 % of a score wide on both sides.
"""

import torch
from torch import Tensor

from lightning_modeinterp.metrics.functional.variance_bins import NUM_BINS, variance_bin_edges
from lightning_modeinterp.threshold import as_suspicion

NUM_SCORE_BINS = 2 * NUM_BINS


def score_bin_edges(device: torch.device | None = None) -> Tensor:
    """The upper edges of the bins.

    Args:
        device: Their device.

    Returns:
        (NUM_SCORE_BINS,) float32, increasing, any units; the last is +inf.

    Example:
        >>> edges = score_bin_edges()
        >>> len(edges), edges[0], edges[-1]
        (16384, tensor(-1.0000e+12), tensor(inf))
    """
    positive = variance_bin_edges()
    return torch.cat([-positive[:-1].flip(0), torch.zeros(1), positive]).to(device)


def score_bins(scores: Tensor) -> Tensor:
    """Find the bin of each score, ``b = min { b : v <= edge[b] }``.

    nan and +inf go to the highest. Bins cannot separate samples whose scores differ by less than 1 %: scores that are
    concentrated around a large number are better kept exactly.

    Args:
        scores: Any shape and units.

    Returns:
        Same shape, int64 in [0, NUM_SCORE_BINS).

    Example:
        >>> import torch
        >>> score_bins(torch.tensor([-torch.inf, -1.0, 0.0, 1.0, torch.nan]))
        tensor([    0,  2730,  8191, 13652, 16383])
    """
    return torch.bucketize(as_suspicion(scores).contiguous(), score_bin_edges(scores.device)[:-1])
