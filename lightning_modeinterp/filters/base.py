"""The seam: which samples of a store go on to the next generation."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import GeneratedBatch

Rule = Callable[[GeneratedBatch], Tensor]
"""From a batch without diverged samples to which of its samples are kept, (N,) bool."""


class Filter(ABC):
    """Keeps some samples. A subclass writes `rule`.

    What diverged is dropped before any rule is asked.

    Args:
        num: Keep the first so many of those that the rule keeps. All of them if None.

    Raises:
        ConfigurationError: If ``num`` is below 1.
    """

    def __init__(self, num: int | None = None) -> None:
        if num is not None and num < 1:
            raise ConfigurationError(f"{type(self).__name__}.num: expected at least 1, or null for all, got {num}")
        self.num = num

    def check(self, fingerprint: Mapping[str, Any]) -> None:
        """Raise a `ConfigurationError` for samples that it does not hold for. It takes any by default.

        Args:
            fingerprint: What the samples are a function of, as the manifest of their store says.
        """
        return None

    @abstractmethod
    def rule(self, samples: Iterable[GeneratedBatch]) -> Rule:
        """Look at the samples, if need be several times, and say what is kept.

        Args:
            samples: Batches of a store in their order, without those that diverged. They can be iterated again and
                again; a rule holds no more of them than a batch at a time.
        """

    def masks(self, store: Iterable[GeneratedBatch]) -> Iterator[Tensor]:
        """Which samples of each batch are kept, (N,) bool, in the order of the batches.

        Args:
            store: Batches that can be iterated again and again, such as a `SampleStore`.

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
    """Batches without diverged samples, to be iterated again and again.

    Args:
        store: Batches that can be.
    """

    def __init__(self, store: Iterable[GeneratedBatch]) -> None:
        self._store = store

    def __iter__(self) -> Iterator[GeneratedBatch]:
        return (batch.sound() for batch in self._store)
