"""The n-th lowest of any number of scores, exactly, in constant memory.

Float32 numbers sort like their bits, once the bits of negative numbers are flipped. So two passes find the upper and
the lower half of the bits of the n-th score by counting, and a third finds where ties are cut.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.threshold import as_suspicion

_HALF = 16
_NUM_BINS = 2**_HALF


@dataclass(frozen=True)
class Place:
    """The n-th lowest score.

    Args:
        score: Its value.
        last_index: Index of the last sample with that score that is among the n lowest.
    """

    score: float
    last_index: int

    def holds(self, scores: Tensor, index: Tensor) -> Tensor:
        """Which of the samples are among the n lowest, (N,) bool.

        Args:
            scores: (N,).
            index: (N,) int64, their indices.
        """
        keys, bound = _keys(scores), _keys(torch.tensor([self.score]))
        return (keys < bound) | ((keys == bound) & (index <= self.last_index))


def nth_lowest(
    samples: Iterable[GeneratedBatch], score_of: Callable[[GeneratedBatch], Tensor], number: int
) -> Place | None:
    """Find the n-th lowest score; nan counts as the highest, and of equal scores the lower index comes first.

    Args:
        samples: Batches in the order of their index; iterated three times.
        score_of: Maps a batch to its scores, (N,).
        number: n, at least 1.

    Returns:
        The score and where ties are cut; None if there are fewer scores.
    """
    counts = sum((torch.bincount(_keys(score_of(batch)) >> _HALF, minlength=_NUM_BINS) for batch in samples), _none())
    if int(counts.sum()) < number:
        return None
    upper, left = _bin_of(counts, number)
    counts = _none()
    for batch in samples:
        keys = _keys(score_of(batch))
        counts += torch.bincount(keys[keys >> _HALF == upper] % _NUM_BINS, minlength=_NUM_BINS)
    lower, left = _bin_of(counts, left)
    for batch in samples:
        scores = score_of(batch)
        tied = (_keys(scores) == upper * _NUM_BINS + lower).nonzero().flatten()
        if len(tied) >= left:
            row = tied[left - 1]
            return Place(as_suspicion(scores[row]).item(), int(batch.index[row]))
        left -= len(tied)
    raise RuntimeError("the samples changed while they were read: is another process writing to this store?")


def _none() -> Tensor:
    return torch.zeros(_NUM_BINS, dtype=torch.int64)


def _bin_of(counts: Tensor, number: int) -> tuple[int, int]:
    """The bin of the n-th lowest score, and its rank in that bin."""
    below = counts.cumsum(0)
    position = int(torch.searchsorted(below, number))
    return position, number - int(below[position] - counts[position])


def _keys(scores: Tensor) -> Tensor:
    """Numbers in [0, 2^32) that sort like the scores, int64; equal for both zeros."""
    bits = (as_suspicion(scores) + 0.0).view(torch.int32).long() & 0xFFFFFFFF
    return torch.where(bits >= 2**31, 0xFFFFFFFF - bits, bits + 2**31)
