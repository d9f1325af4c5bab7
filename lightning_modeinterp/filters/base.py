"""The interface of filters: which samples of a store the next generation is trained on."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import GeneratedBatch, check_score

NOT_JUDGED = (
    "filter: expected samples that an oracle has judged, got some without a verdict; use a filter that needs none, or "
    "give the data a support oracle (`data.init_args.support`) and draw them again"
)

Rule = Callable[[GeneratedBatch], Tensor]
"""Maps a batch without diverged samples to which of its samples are kept, (N,) bool."""


class Filter(ABC):
    """Keeps some samples. A subclass implements `rule`.

    Diverged samples are dropped before the rule is applied.

    Args:
        num: Keep only the first ``num`` that pass the rule. All if None.

    Raises:
        ConfigurationError: If ``num`` is below 1.
    """

    scores: Sequence[str] = ()
    """Names of the scores that it reads."""

    needs_verdicts: bool = False
    """Whether it reads the oracle's verdicts on the samples that it filters."""

    def __init__(self, num: int | None = None) -> None:
        if num is not None and num < 1:
            raise ConfigurationError(f"{type(self).__name__}.num: expected at least 1, or null for all, got {num}")
        self.num = num

    def check(self, fingerprint: Mapping[str, Any]) -> None:
        """Raise a `ConfigurationError` for samples that it is not valid for. By default it is valid for any.

        Args:
            fingerprint: Fingerprint of the samples, from the manifest of their store.
        """
        return None

    def check_columns(self, scores: Collection[str], has_verdicts: bool) -> None:
        """Check that samples have what it reads; a recursion asks this before anything is trained.

        Args:
            scores: Names of the scores of the samples.
            has_verdicts: Whether an oracle has judged them.

        Raises:
            ConfigurationError: If one of its scores is missing, or the verdicts.
        """
        for name in self.scores:
            check_score(name, scores)
        if self.needs_verdicts and not has_verdicts:
            raise ConfigurationError(NOT_JUDGED)

    @abstractmethod
    def rule(self, samples: Iterable[GeneratedBatch]) -> Rule:
        """Decide which samples are kept; may read all samples several times.

        Args:
            samples: Batches of a store in order, without diverged samples. They can be iterated repeatedly; a rule
                holds only one batch at a time.
        """

    def masks(self, store: Iterable[GeneratedBatch]) -> Iterator[Tensor]:
        """Which samples of each batch are kept, (N,) bool, in the order of the batches.

        Args:
            store: Batches that can be iterated repeatedly, such as a `SampleStore`.

        Raises:
            ConfigurationError: If fewer than ``num`` are kept.
        """
        rule, left = self.rule(Sound(store)), self.num
        for batch in store:
            kept = torch.zeros(len(batch), dtype=torch.bool)
            sound = (~batch.diverged).nonzero().flatten()
            rows = sound[rule(batch[sound])]
            if left is not None:
                rows = rows[:left]
                left -= len(rows)
            kept[rows] = True
            yield kept
        if left:
            raise ConfigurationError(
                f"{type(self).__name__}.num: expected at most the {(self.num or 0) - left:,} samples that the filter "
                f"keeps, got {self.num:,}; draw more samples, or keep fewer"
            )


class Sound:
    """Batches without diverged samples, which can be iterated repeatedly.

    Args:
        store: Batches that can be iterated repeatedly.
    """

    def __init__(self, store: Iterable[GeneratedBatch]) -> None:
        self._store = store

    def __iter__(self) -> Iterator[GeneratedBatch]:
        return (batch.sound() for batch in self._store)
