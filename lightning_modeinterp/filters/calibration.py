"""Set a threshold on any number of samples, in the memory of one batch."""

import math
from collections.abc import Callable, Iterable, Iterator

from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.filters.nth_lowest import nth_lowest
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.threshold import Threshold, check_retained

Rows = Callable[[GeneratedBatch], Tensor]
"""Maps a batch to which of its samples count, (N,) bool."""


def calibrate(samples: Iterable[GeneratedBatch], score: str, retained: float, good: Rows) -> Threshold:
    """The threshold that keeps a share of the good samples; diverged samples are left out.

    Args:
        samples: Batches that can be iterated repeatedly, such as a `SampleStore`.
        score: Name of the score.
        retained: Share to keep, in (0, 1].
        good: Which samples are good; they alone set it.

    Raises:
        ConfigurationError: If the share is out of range, there is no such score, or no sample is good.
    """
    check_retained(retained)
    chosen = _Chosen(samples, good)
    number = sum(map(len, chosen))
    enough = next((n for n in _about(retained * number) if n >= 1 and n / max(number, 1) >= retained), 1)
    place = nth_lowest(chosen, lambda batch: batch.score(score), enough)
    if place is None:
        raise ConfigurationError(
            "threshold: expected samples in support to set the threshold, got none; draw more, or set it on another "
            "store"
        )
    return Threshold(place.score, retained, number, score)


def _about(number: float) -> range:
    """Integers around a rounded number."""
    return range(math.floor(number) - 1, math.ceil(number) + 2)


class _Chosen:
    """Batches of a subset of the samples."""

    def __init__(self, samples: Iterable[GeneratedBatch], good: Rows) -> None:
        self._samples, self._good = samples, good

    def __iter__(self) -> Iterator[GeneratedBatch]:
        for batch in self._samples:
            sound = batch.sound()
            yield sound[self._good(sound)]
