"""Samples with the oracle's verdicts in one batch, as figures, claims and filters use them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import VARIANCE, GeneratedBatch, SupportVerdict, variance_score


@dataclass(frozen=True)
class JudgedSamples:
    """Judged samples that did not diverge.

    Args:
        samples: (N, *sample_shape), data units.
        scores: Scores by name, each (N,); see `GeneratedBatch`.
        verdict: The oracle's judgement.
        index: (N,) int64, the number of each sample in its sample set.
        block_size: Samples in a block.
        statistics: Further statistics by name, each (N, ...).
        num_diverged: How many others diverged.
    """

    samples: Tensor
    scores: Mapping[str, Tensor]
    verdict: SupportVerdict
    index: Tensor
    block_size: int
    statistics: Mapping[str, Tensor] = field(default_factory=dict)
    num_diverged: int = 0

    @classmethod
    def of(cls, batches: Iterable[GeneratedBatch]) -> Self:
        """The samples of at least one batch, or of a store.

        Raises:
            ConfigurationError: If they were not judged.
        """
        all_batches = list(batches)
        batch = GeneratedBatch.joined([each.sound() for each in all_batches])
        if batch.verdict is None:
            raise ConfigurationError(
                "expected judged samples, got some without a verdict; give the data a support oracle"
            )
        num_diverged = sum(int(each.diverged.sum()) for each in all_batches)
        about = (batch.verdict, batch.index, batch.block_size, batch.statistics, num_diverged)
        return cls(batch.samples, batch.scores, *about)

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def block(self) -> Tensor:
        """(N,) int64, the block that each sample belongs to."""
        return self.index // self.block_size

    @property
    def hallucinated(self) -> Tensor:
        """(N,) bool."""
        return self.verdict.hallucinated

    @property
    def in_support(self) -> Tensor:
        """(N,) bool; ambiguous samples are not among them."""
        return self.verdict.in_support

    @property
    def ambiguous(self) -> Tensor:
        """(N,) bool."""
        return self.verdict.ambiguous

    @property
    def num_hallucinated(self) -> int:
        """How many."""
        return int(self.hallucinated.sum())

    @property
    def windows(self) -> tuple[str, ...]:
        """Names of the windows of the variance."""
        return tuple(name.removeprefix(f"{VARIANCE}/") for name in self.scores if name.startswith(f"{VARIANCE}/"))

    def variance_of(self, window: str) -> Tensor:
        """Variance over one window, (N,), model units squared."""
        return self.scores[variance_score(window)]

    def clear(self) -> Self:
        """The samples that are in support or hallucinated."""
        return self[~self.ambiguous]

    def of_kind(self, kind: str) -> Self:
        """The samples that are in support or of one kind of hallucination.

        Args:
            kind: Name of the kind, as in the verdict.
        """
        return self[self.in_support | self.is_kind(kind)]

    def is_kind(self, kind: str) -> Tensor:
        """Which samples are of a kind, (N,) bool."""
        return self.is_one_of([kind])

    def is_one_of(self, kinds: Collection[str]) -> Tensor:
        """Which samples are of one of some kinds, (N,) bool."""
        kind = self.verdict.kind
        return torch.isin(kind, kind.new_tensor([self.verdict.kinds.index(each) for each in kinds]))

    def __getitem__(self, rows: slice | Tensor) -> Self:
        return replace(
            self,
            samples=self.samples[rows],
            scores={name: values[rows] for name, values in self.scores.items()},
            verdict=self.verdict[rows],
            index=self.index[rows],
            statistics={name: values[rows] for name, values in self.statistics.items()},
        )
