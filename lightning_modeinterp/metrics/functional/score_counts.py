"""Scores as distinct values with counts, the common form of exact and binned scores."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lightning_modeinterp.threshold import as_suspicion

IN_SUPPORT, HALLUCINATED = 0, 1
"""Classes of a sample."""

CALIBRATION, REPORTING = 0, 1
"""Folds of blocks: even blocks set thresholds, odd blocks report what they do."""


@dataclass(frozen=True)
class ScoreCounts:
    """How many samples of each fold and class have each score.

    Args:
        values: (V,) float32, increasing distinct scores (or upper edges of bins); variances in model units squared.
        counts: (2 folds, 2 classes, V) int64.
    """

    values: Tensor
    counts: Tensor

    @property
    def in_support(self) -> Tensor:
        """(V,) int64, in-support samples of both folds."""
        return self.counts[:, IN_SUPPORT].sum(0)

    @property
    def hallucinated(self) -> Tensor:
        """(V,) int64, hallucinated samples of both folds."""
        return self.counts[:, HALLUCINATED].sum(0)


def count_distinct(scores: Tensor, group: Tensor) -> ScoreCounts:
    """Count the samples at each distinct score.

    Counts lose the order of the samples, so a drift over blocks cannot be seen.

    Args:
        scores: (N,) variances or other scores, higher ones more suspect; nan counts as +inf.
        group: (N,) int64, ``2 * fold + class`` of each sample.

    Returns:
        The distinct values and their counts.

    Example:
        >>> import torch
        >>> scores = count_distinct(torch.tensor([3.0, 1.0, 3.0]), torch.tensor([0, 0, 1]))
        >>> scores.values, scores.in_support, scores.hallucinated
        (tensor([1., 3.]), tensor([1, 1]), tensor([0, 1]))
    """
    values, inverse = torch.unique(as_suspicion(scores), return_inverse=True)
    counts = torch.bincount(group * len(values) + inverse, minlength=4 * len(values))
    return ScoreCounts(values, counts.reshape(2, 2, len(values)))
