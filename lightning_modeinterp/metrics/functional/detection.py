"""How well a score tells hallucinated samples from those in support.

All functions read distinct score values, rising, with counts for each: exact scores and bins are one code path. Higher
scores are more suspicious; a sample is *removed* when its score is above the threshold.
"""

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError


def auroc_from_counts(in_support_counts: Tensor, hallucinated_counts: Tensor) -> Tensor:
    """Give the area under the ROC curve.

    The chance that a hallucinated sample scores higher than one in support, ties counting one half:

        sum_v h_v (sum_{u < v} n_u + n_v / 2) / (N H)

    It cannot tell what happens at the one threshold that is used: most of the area may lie where nobody filters.

    Args:
        in_support_counts: (..., V) in-support samples ``n_v`` at each value, ordered by rising score.
        hallucinated_counts: (..., V) hallucinated samples ``h_v``, likewise.

    Returns:
        (...) float64 in [0, 1]; nan where a class is empty.

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
    """Give the ROC curve.

    Point by point, from a threshold that removes nothing to one that removes all: the share of in-support samples
    removed by mistake against the share of hallucinated ones removed. Its trapezoidal area is the AUROC.
    It cannot tell which threshold a point belongs to.

    Args:
        in_support_counts: (V,) in-support samples at each value, ordered by rising score.
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


def threshold_at_retained(values: Tensor, in_support_counts: Tensor, retained: float = 0.96) -> Tensor:
    """Find the threshold that keeps a wanted share of the in-support samples.

    ``min { v : sum_{u <= v} n_u / N >= retained }``. For bins the values have to be their *upper* edges, so that
    ``score <= threshold`` keeps the whole bin.
    It cannot tell what share of other samples it will keep: judge it on samples that did not set it.

    Args:
        values: (V,) rising scores.
        in_support_counts: (V,) int64, in-support samples at each.
        retained: Share of in-support samples to keep, in (0, 1].

    Returns:
        Scalar float64, one of the values; nan where nothing is in support.

    Raises:
        ConfigurationError: If the share is not in (0, 1].

    Example:
        >>> import torch
        >>> threshold_at_retained(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([48, 48, 4]), retained=0.96)
        tensor(2., dtype=torch.float64)
    """
    if not 0 < retained <= 1:
        raise ConfigurationError(f"expected `retained` in (0, 1], got {retained}; 0.96 is the paper's share")
    kept = in_support_counts.cumsum(-1)
    if kept.numel() == 0 or kept[-1] == 0:
        return torch.tensor(torch.nan, dtype=torch.float64, device=values.device)
    is_enough = kept.double() / kept[-1] >= retained
    return values[is_enough.int().argmax()].double()


def num_above(values: Tensor, counts: Tensor, threshold: Tensor | float) -> Tensor:
    """Count the samples that a threshold removes.

    It cannot tell an unknown threshold from a high one: nan removes nothing.

    Args:
        values: (V,) scores.
        counts: (..., V) int64, samples at each.
        threshold: What a score may reach and still be kept.

    Returns:
        (...) int64.

    Example:
        >>> import torch
        >>> num_above(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([5, 3, 2]), threshold=2.0)
        tensor(2)
    """
    return (counts * (values > threshold)).sum(-1)


def share_above(values: Tensor, counts: Tensor, threshold: Tensor | float) -> Tensor:
    """Give the share of samples that a threshold removes.

    It cannot tell how sure the share is: see `wilson_interval`.

    Args:
        values: (V,) scores.
        counts: (..., V) int64, samples at each.
        threshold: What a score may reach and still be kept.

    Returns:
        (...) float64 in [0, 1]; nan where there are no samples or the threshold is nan.

    Example:
        >>> import torch
        >>> share_above(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([5, 3, 2]), threshold=2.0)
        tensor(0.2000, dtype=torch.float64)
    """
    share = num_above(values, counts, threshold).double() / counts.sum(-1)
    is_known = not torch.as_tensor(threshold).isnan().item()
    return share if is_known else torch.full_like(share, torch.nan)
