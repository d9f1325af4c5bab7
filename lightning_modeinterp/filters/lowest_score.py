"""The paper's filter: a fixed number of the least suspect samples."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from lightning_modeinterp.filters.base import Filter, Rule
from lightning_modeinterp.filters.nth_lowest import nth_lowest
from lightning_modeinterp.records import GeneratedBatch


class LowestScore(Filter):
    """Keeps the ``num`` samples with the lowest score; of equal scores, the earlier samples.

    Aithal et al. 2024 draw N + 2,500 and keep the N = 100,000 of lowest variance. On images a score may follow the
    amount of ink; so compare ``score: ink`` too.
    It cannot tell a hallucination from a rare mode with the same score: check what it drops per mode.

    Args:
        score: Name of the score, such as ``variance/last_10``.
        num: How many.
    """

    def __init__(self, score: str, num: int) -> None:
        super().__init__(num)
        self.score, self.scores = score, (score,)

    def rule(self, samples: Iterable[GeneratedBatch]) -> Rule:
        """See `Filter.rule`."""
        return lowest(samples, lambda batch: batch.score(self.score), self.num or 0)


def lowest(samples: Iterable[GeneratedBatch], score_of: Callable[[GeneratedBatch], Tensor], number: int) -> Rule:
    """Keep the ``number`` samples with the lowest scores; all if there are fewer."""
    place = nth_lowest(samples, score_of, number)
    if place is None:
        return lambda batch: torch.ones(len(batch), dtype=torch.bool)
    return lambda batch: place.holds(score_of(batch), batch.index)
