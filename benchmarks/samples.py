"""Sets of generated samples for choosing, for calibrating and for the one report, and what a threshold does on them.

Each set is a sample store that `modeinterp predict` draws with a sampling seed of the set's own, so a set that was
killed goes on and one that is there is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from lightning_modeinterp.cli import main
from lightning_modeinterp.metrics.functional import count_distinct, threshold_at_retained
from lightning_modeinterp.sample_store import SampleStore

RETAINED = 0.96
"""Share of the in-support samples that a threshold keeps on the set that sets it."""

FIRST_SEED = {"explore": 100, "calibrate": 200, "final": 300}


@dataclass(frozen=True)
class ScoredSet:
    """The samples of a set that are in support or hallucinated.

    Args:
        variance: (N, W), one column a window.
        windows: Names of the windows.
        statistics: Further statistics by name, each (N, ...).
        hallucinated: (N,) bool.
    """

    variance: Tensor
    windows: tuple[str, ...]
    statistics: dict[str, Tensor]
    hallucinated: Tensor

    @classmethod
    def read(cls, stores: Sequence[Path]) -> "ScoredSet":
        """Join the stores of a set."""
        batches = [batch for path in stores for batch in SampleStore.open(path)]
        clear = [batch.verdict.in_support | batch.verdict.hallucinated for batch in batches]

        def joined(columns: Sequence[Tensor]) -> Tensor:
            return torch.cat([column[rows] for column, rows in zip(columns, clear, strict=True)])

        return cls(
            joined([batch.trajectory_variance for batch in batches]),
            batches[0].windows,
            {name: joined([batch.statistics[name] for batch in batches]) for name in batches[0].statistics},
            joined([batch.verdict.hallucinated for batch in batches]),
        )

    def scores(self) -> dict[str, Tensor]:
        """Every score by name, (N,): the variance of each window, then the statistics of one number a sample."""
        windows = dict(zip(self.windows, self.variance.unbind(1), strict=True))
        return windows | {name: values for name, values in self.statistics.items() if values.ndim == 1}


def sampling_seed(training_seed: int, use: str, part: int = 0) -> int:
    """Seed of a part of a set; no two sets of a training seed share one."""
    return 1000 * (training_seed + 1) + FIRST_SEED[use] + part


def draw(folder: Path, seed: int, num_samples: int, options: Sequence[str]) -> Path:
    """Draw a set, unless it is there.

    Args:
        folder: The run directory ``<root>/<experiment>/<name>`` to draw into.
        seed: Its sampling seed.
        num_samples: Number of samples.
        options: Further options of ``predict``: config, checkpoint, windows.

    Returns:
        The sample store.
    """
    run = {"root": folder.parent.parent, "experiment": folder.parent.name, "name": folder.name}
    settings = [*(f"--run.{key}={value}" for key, value in run.items()), f"--generation.seed={seed}"]
    main(["predict", *options, *settings, f"--generation.num_samples={num_samples}"])
    return folder / "predictions"


def removed(scores: Tensor, hallucinated: Tensor, threshold: float) -> tuple[int, int]:
    """How many of the hallucinated samples lie above the threshold, and how many there are."""
    return int((~(scores[hallucinated] <= threshold)).sum()), int(hallucinated.sum())  # nan is removed too


def threshold_of(scores: Tensor, hallucinated: Tensor) -> float:
    """Threshold that keeps 96 % of the in-support samples of a set."""
    counts = count_distinct(scores, hallucinated.long())
    return float(threshold_at_retained(counts.values, counts.in_support, RETAINED))
