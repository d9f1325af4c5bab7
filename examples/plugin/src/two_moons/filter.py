"""A filter that needs no truth."""

import math
from collections.abc import Iterable

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.filters import Filter, Rule
from lightning_modeinterp.records import GeneratedBatch


class NoOutliers(Filter):
    """Drops samples whose score is more than ``num_std`` standard deviations above the mean.

    It needs neither an oracle nor a share that is chosen beforehand. It cannot tell a hallucination from a rare sample
    that scores as high, and where most samples are bad it keeps them.

    Args:
        score: Name of the score, such as ``variance/last_10``.
        num_std: In standard deviations of the score over all samples, >= 0.
        num: Keep the first so many of those that are left. All of them if None.

    Raises:
        ConfigurationError: If a number is out of range.
    """

    def __init__(self, score: str, num_std: float = 2.0, num: int | None = None) -> None:
        super().__init__(num)
        if not num_std >= 0:
            raise ConfigurationError(f"NoOutliers.num_std: expected at least 0, got {num_std}")
        self.score, self.scores, self.num_std = score, (score,), num_std

    def rule(self, samples: Iterable[GeneratedBatch]) -> Rule:
        """See `Filter.rule`."""
        mean = self._mean(samples, 1, 0.0)
        highest = mean + self.num_std * math.sqrt(self._mean(samples, 2, mean))
        return lambda batch: batch.score(self.score) <= highest

    def _mean(self, samples: Iterable[GeneratedBatch], power: int, about: float) -> float:
        """Mean of ``(score - about)^power``; one batch is held at a time, since a store may be large."""
        total, number = 0.0, 0
        for batch in samples:
            total += (batch.score(self.score).double() - about).pow(power).sum().item()
            number += len(batch)
        return total / number if number else math.nan
