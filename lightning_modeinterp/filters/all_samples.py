"""No filter: the baseline of a recursion."""

from collections.abc import Iterable

import torch
from torch import Tensor

from lightning_modeinterp.filters.base import Filter, Rule
from lightning_modeinterp.records import GeneratedBatch


class AllSamples(Filter):
    """Keeps every sample that did not diverge, or the first ``num`` of them.

    Args:
        num: How many. All of them if None.
    """

    def rule(self, samples: Iterable[GeneratedBatch]) -> Rule:
        """See `Filter.rule`."""
        return _all


def _all(batch: GeneratedBatch) -> Tensor:
    return torch.ones(len(batch), dtype=torch.bool)
