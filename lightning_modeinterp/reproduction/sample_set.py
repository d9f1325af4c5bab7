"""Samples of a store with what the oracle said of them, and what a threshold on their variance does.

Whatever is chosen is chosen on one set and reported on another: *explore* chooses a window, *calibrate* sets a
threshold, *final* is looked at once. Each is drawn with a sampling seed of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics.functional import auroc_from_counts, count_distinct, threshold_at_retained
from lightning_modeinterp.records import SupportVerdict
from lightning_modeinterp.sample_store import SampleStore

RETAINED = 0.96
"""Share of the in-support samples that a threshold keeps on the set that sets it."""

FIRST_SEED = {"explore": 100, "calibrate": 200, "final": 300}


@dataclass(frozen=True)
class SampleSet:
    """Judged samples.

    Args:
        samples: (N, *sample_shape), data units.
        variance: (N, W), one column a window.
        windows: Names of the windows.
        statistics: Further statistics by name, each (N, ...).
        hallucinated: (N,) bool.
        in_support: (N,) bool; a sample that is neither is ambiguous.
        verdict: All that the oracle said; None where it was not read from a store.
    """

    samples: Tensor
    variance: Tensor
    windows: tuple[str, ...]
    statistics: dict[str, Tensor]
    hallucinated: Tensor
    in_support: Tensor
    verdict: SupportVerdict | None = None

    @classmethod
    def read(cls, *stores: SampleStore) -> "SampleSet":
        """Join the samples of stores whose data have an oracle."""
        batches = [batch for store in stores for batch in store]
        verdict = SupportVerdict.joined([batch.verdict for batch in batches if batch.verdict])
        return cls(
            torch.cat([batch.samples for batch in batches]),
            torch.cat([batch.trajectory_variance for batch in batches]),
            batches[0].windows,
            {name: torch.cat([batch.statistics[name] for batch in batches]) for name in batches[0].statistics},
            verdict.hallucinated,
            verdict.in_support,
            verdict,
        )

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def num_hallucinated(self) -> int:
        """How many."""
        return int(self.hallucinated.sum())

    def clear(self) -> "SampleSet":
        """The samples that are in support or hallucinated."""
        return self._chosen(self.in_support | self.hallucinated)

    def of_kind(self, kind: str) -> "SampleSet":
        """The samples that are in support or hallucinated in one way.

        Args:
            kind: Its name, as in the verdict.
        """
        return self._chosen(self.in_support | self.is_kind(kind))

    def is_kind(self, kind: str) -> Tensor:
        """Which samples are of a kind, (N,) bool."""
        verdict = self._verdict()
        return verdict.kind == verdict.kinds.index(kind)

    def detail(self, name: str) -> Tensor:
        """What the oracle found under a name, (N, ...)."""
        return self._verdict().details[name]

    def _verdict(self) -> SupportVerdict:
        if self.verdict is None:
            raise ConfigurationError("SampleSet: expected samples with what the oracle said; read them from a store")
        return self.verdict

    def _chosen(self, rows: Tensor) -> "SampleSet":
        return SampleSet(
            self.samples[rows],
            self.variance[rows],
            self.windows,
            {name: values[rows] for name, values in self.statistics.items()},
            self.hallucinated[rows],
            self.in_support[rows],
            self.verdict[rows] if self.verdict else None,
        )

    def variance_of(self, window: str) -> Tensor:
        """(N,) of one window."""
        return self.variance[:, self.windows.index(window)]

    def scores(self) -> dict[str, Tensor]:
        """Every score by name, (N,): the variance of each window, then the statistics of one number a sample."""
        windows = dict(zip(self.windows, self.variance.unbind(1), strict=True))
        return windows | {name: values for name, values in self.statistics.items() if values.ndim == 1}


def sampling_seed(training_seed: int, use: str, part: int = 0) -> int:
    """Seed of a part of a set; no two sets of a training seed share one."""
    return 1000 * (training_seed + 1) + FIRST_SEED[use] + part


def removed(scores: Tensor, hallucinated: Tensor, threshold: float) -> tuple[int, int]:
    """How many of the hallucinated samples lie above the threshold, and how many there are."""
    return int((~(scores[hallucinated] <= threshold)).sum()), int(hallucinated.sum())  # nan is removed too


def threshold_of(scores: Tensor, hallucinated: Tensor) -> float:
    """Threshold that keeps 96 % of the in-support samples of a set."""
    counts = count_distinct(scores, hallucinated.long())
    return float(threshold_at_retained(counts.values, counts.in_support, RETAINED))


def auroc(scores: Tensor, hallucinated: Tensor) -> float:
    """Area under the ROC curve; nan where a class is empty."""
    counts = count_distinct(scores, hallucinated.long())
    return float(auroc_from_counts(counts.in_support, counts.hallucinated))


def window_rates(variance: Tensor, hallucinated: Tensor) -> list[tuple[float, float]]:
    """AUROC of each window (N, W), and the share it removes at a threshold that the same samples set."""
    rates = []
    for scores in variance.unbind(1):
        hits, total = removed(scores, hallucinated, threshold_of(scores, hallucinated))
        rates.append((auroc(scores, hallucinated), hits / max(total, 1)))
    return rates


def best_window(rates: Sequence[tuple[float, float]]) -> int:
    """Position of the window that removes most; of equals that with the highest AUROC."""
    return max(range(len(rates)), key=lambda i: rates[i][::-1])
