"""How well a score separates hallucinated samples from those in support.

All functions take distinct score values in increasing order, with counts for each, from exact scores or bins. Higher
scores are more suspicious; a sample is *removed* when its score is above the threshold.
"""

import torch
from torch import Tensor


def auroc_from_counts(in_support_counts: Tensor, hallucinated_counts: Tensor) -> Tensor:
    """Area under the ROC curve.

    The chance that a hallucinated sample scores higher than one in support, ties counting one half:

        sum_v h_v (sum_{u < v} n_u + n_v / 2) / (N H)

    It says little about the threshold in use: most of the area may be at thresholds that nobody uses.

    Args:
        in_support_counts: (..., V) in-support samples ``n_v`` at each value, in order of increasing score.
        hallucinated_counts: (..., V) hallucinated samples ``h_v``, likewise.

    Returns:
        (...) float64 in [0, 1]; nan if a class is empty.

    References:
        J. A. Hanley, B. J. McNeil, "The meaning and use of the area under a ROC curve", Radiology 143 (1982).

    Example:
        >>> import torch
        >>> auroc_from_counts(torch.tensor([3, 1, 0]), torch.tensor([0, 1, 3]))
        tensor(0.9688, dtype=torch.float64)
    """
    in_support, hallucinated = in_support_counts.double(), hallucinated_counts.double()
    below = in_support.cumsum(-1) - in_support / 2
    return (hallucinated * below).sum(-1) / (in_support.sum(-1) * hallucinated.sum(-1))


def roc_from_counts(in_support_counts: Tensor, hallucinated_counts: Tensor) -> tuple[Tensor, Tensor]:
    """The ROC curve.

    Point by point, from a threshold that removes nothing to one that removes all: the share of in-support samples
    removed by mistake against the share of hallucinated ones removed. Its trapezoidal area is the AUROC.
    It does not contain the threshold of each point.

    Args:
        in_support_counts: (V,) in-support samples at each value, in order of increasing score.
        hallucinated_counts: (V,) hallucinated samples, likewise.

    Returns:
        False and true positive rate, (V + 1,) float64 each, rising from 0 to 1; nan for an empty class.

    Example:
        >>> import torch
        >>> roc_from_counts(torch.tensor([3, 1]), torch.tensor([0, 2]))
        (tensor([0.0000, 0.2500, 1.0000], dtype=torch.float64), tensor([0., 1., 1.], dtype=torch.float64))
    """
    both = torch.stack([in_support_counts, hallucinated_counts]).double()
    num_removed = torch.cat([torch.zeros_like(both.sum(-1, keepdim=True)), both.flip(-1).cumsum(-1)], dim=-1)
    false_positive_rate, true_positive_rate = num_removed / both.sum(-1, keepdim=True)
    return false_positive_rate, true_positive_rate
