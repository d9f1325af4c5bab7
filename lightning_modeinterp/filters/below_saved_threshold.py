"""A saved detector as a filter."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lightning_modeinterp.filters.base import Filter, Rule
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.sample_store.score_settings import score_settings
from lightning_modeinterp.threshold import Threshold


class BelowSavedThreshold(Filter):
    """Drops samples whose score is above a threshold that `modeinterp threshold` has saved.

    It is valid for the model, sampler and steps on which it was set; other samples are refused.

    Args:
        file: The file of the threshold, which names the score.
        num: Keep only the first ``num`` below. All if None.

    Raises:
        ConfigurationError: If there is no such file, or ``num`` is below 1.
    """

    def __init__(self, file: str | Path, num: int | None = None) -> None:
        super().__init__(num)
        self.threshold = Threshold.read(file)
        self.scores = (self.threshold.score,)

    def check(self, fingerprint: Mapping[str, Any]) -> None:
        """See `Filter.check`."""
        self.threshold.check(score_settings(fingerprint, self.threshold.score))

    def rule(self, samples: Iterable[GeneratedBatch]) -> Rule:
        """See `Filter.rule`."""
        return lambda batch: ~self.threshold.flags(batch.score(self.threshold.score))
