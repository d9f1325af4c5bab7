"""The filter that knows the truth: the upper bound for any score."""

from collections.abc import Iterable

from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.filters.base import NOT_JUDGED, Filter, Rule
from lightning_modeinterp.records import GeneratedBatch, SupportVerdict


class InSupport(Filter):
    """Keeps the samples that the oracle finds in support.

    Args:
        num: Keep only the first ``num`` of them. All if None.
    """

    needs_verdicts = True

    def rule(self, samples: Iterable[GeneratedBatch]) -> Rule:
        """See `Filter.rule`."""
        return _in_support


def _in_support(batch: GeneratedBatch) -> Tensor:
    return verdict_of(batch).in_support


def verdict_of(batch: GeneratedBatch) -> SupportVerdict:
    """The verdict of a batch, which is required.

    Raises:
        ConfigurationError: If it was not judged.
    """
    if batch.verdict is None:
        raise ConfigurationError(NOT_JUDGED)
    return batch.verdict
