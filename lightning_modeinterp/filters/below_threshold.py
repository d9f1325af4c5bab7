"""A detector as a filter: samples above a threshold are dropped."""

from collections.abc import Iterable
from pathlib import Path

from lightning_modeinterp.filters.base import Filter, Rule
from lightning_modeinterp.filters.calibration import calibrate
from lightning_modeinterp.filters.in_support import verdict_of
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.sample_store import SampleStore
from lightning_modeinterp.threshold import PUBLISHED_RETAINED, Threshold, check_retained


class BelowThreshold(Filter):
    """Drops samples whose score is above the threshold that keeps a share of the samples in support.

    The threshold is set on the samples of ``set_on``, which has an oracle; so one that is set on generation 0 stays the
    same in all later ones. The number of kept samples is not fixed, unless by ``num``.
    It cannot tell that a later model's scores have drifted: compare what it keeps across generations.

    Args:
        score: Name of the score, such as ``variance/last_10``.
        retained: Share of the samples in support to keep, among those that set it, in (0, 1].
        set_on: Directory of the store that sets it. The filtered store if None.
        num: Keep only the first ``num`` below. All if None.

    Raises:
        ConfigurationError: If a number is out of range.
    """

    def __init__(
        self,
        score: str,
        retained: float = PUBLISHED_RETAINED,
        set_on: str | Path | None = None,
        num: int | None = None,
    ) -> None:
        super().__init__(num)
        check_retained(retained)
        self.score, self.scores, self.retained = score, (score,), retained
        self.set_on = None if set_on is None else Path(set_on)
        self.needs_verdicts = set_on is None

    def rule(self, samples: Iterable[GeneratedBatch]) -> Rule:
        """See `Filter.rule`."""
        threshold = self.threshold(samples if self.set_on is None else SampleStore.open(self.set_on))
        return lambda batch: ~threshold.flags(batch.score(self.score))

    def threshold(self, samples: Iterable[GeneratedBatch]) -> Threshold:
        """Set the threshold on judged samples.

        Raises:
            ConfigurationError: If they were not judged, or none is in support.
        """
        return calibrate(samples, self.score, self.retained, lambda batch: verdict_of(batch).in_support)
