"""The samples with the lowest and the highest scores, out of any number."""

from collections.abc import Iterable

import torch

from lightning_modeinterp.filters.base import Rule, Sound
from lightning_modeinterp.filters.nth_lowest import nth_lowest
from lightning_modeinterp.records import GeneratedBatch


def ends(samples: Iterable[GeneratedBatch], score: str, num_lowest: int, num_highest: int) -> Rule:
    """Find the samples at both ends; nan is the highest, and of equal scores the first sample is the lower one.

    Args:
        samples: Batches that can be iterated repeatedly. Diverged samples do not count.
        score: Name of the score.
        num_lowest: Number of the lowest, at least 0.
        num_highest: Number of the highest, at least 0.

    Returns:
        A map from a batch to which of its samples they are, (N,) bool. All if there are no more.
    """
    sound = Sound(samples)
    number = sum(map(len, sound))
    low, high = (
        nth_lowest(sound, lambda batch: batch.score(score), each) if 0 < each < number else None
        for each in (num_lowest, number - num_highest)
    )

    def rule(batch: GeneratedBatch) -> torch.Tensor:
        scores, none = batch.score(score), torch.zeros(len(batch), dtype=torch.bool)
        if num_lowest + num_highest >= number:
            return ~none
        is_low = none if low is None else low.holds(scores, batch.index)
        return is_low if high is None else is_low | ~high.holds(scores, batch.index)

    return rule
