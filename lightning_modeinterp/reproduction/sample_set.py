"""Detection by a score on judged samples, and the sampling seeds of a claim's sets.

Choices are made on one set and reported on another: *explore* chooses a window, *calibrate* sets a threshold, *final*
is used once. Each is drawn with its own sampling seed.
"""

import math
from collections.abc import Sequence

from torch import Tensor

from lightning_modeinterp.judged_samples import JudgedSamples
from lightning_modeinterp.metrics.functional import auroc_from_counts, count_distinct
from lightning_modeinterp.reproduction.estimates import Measured
from lightning_modeinterp.threshold import Threshold

FIRST_SEED = {"explore": 100, "calibrate": 200, "final": 300}


def sampling_seed(training_seed: int, use: str, part: int = 0) -> int:
    """Seed of a part of a set; no two sets of a training seed share one."""
    return 1000 * (training_seed + 1) + FIRST_SEED[use] + part


def threshold_of(scores: Tensor, hallucinated: Tensor) -> Threshold:
    """Threshold that keeps 96 % of the in-support samples of a set without ambiguous ones."""
    return Threshold.at_retained(scores, ~hallucinated)


def removed(scores: Tensor, which: Tensor, threshold: Threshold) -> tuple[int, int]:
    """How many of the selected samples the threshold removes, and out of how many; 0 out of 0 if it is unknown."""
    return int(threshold.flags(scores[which]).sum()), int(which.sum()) if threshold.is_known else 0


def auroc(scores: Tensor, hallucinated: Tensor) -> float:
    """Area under the ROC curve; nan if a class is empty."""
    counts = count_distinct(scores, hallucinated.long())
    return float(auroc_from_counts(counts.in_support, counts.hallucinated))


def measured_auroc(samples: JudgedSamples, window: str) -> Measured:
    """AUROC of the variance over a window; its error is an upper bound, that of a share of the rarer class."""
    area = auroc(samples.variance_of(window), samples.hallucinated)
    fewer = max(min(samples.num_hallucinated, len(samples) - samples.num_hallucinated), 1)
    return Measured(area, math.sqrt(area * (1 - area) / fewer))


def window_rates(variances: Sequence[Tensor], hallucinated: Tensor) -> list[tuple[float, float]]:
    """AUROC of each window, (N,), and the share it removes at a threshold set on the same samples."""
    rates = []
    for scores in variances:
        hits, total = removed(scores, hallucinated, threshold_of(scores, hallucinated))
        rates.append((auroc(scores, hallucinated), hits / max(total, 1)))
    return rates


def best_window(rates: Sequence[tuple[float, float]]) -> int:
    """Position of the window that removes most; among equals, that with the highest AUROC."""
    return max(range(len(rates)), key=lambda i: rates[i][::-1])
