"""How trajectory variance spreads, with an oracle or without."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics.functional import count_variance_bins, threshold_at_retained, variance_bin_edges
from lightning_modeinterp.metrics.functional.variance_bins import NUM_BINS
from lightning_modeinterp.metrics.generation_metric import GenerationMetric
from lightning_modeinterp.records import GeneratedBatch

IN_SUPPORT, HALLUCINATED, OTHER = range(3)


class TrajectoryVarianceHistogram(GenerationMetric):
    """Count the trajectory variances of one window in fixed bins of log-variance; memory O(bins).

    ``trajectory_variance/median`` and ``trajectory_variance/q96`` (96 % of the samples lie at or below it) of all
    samples, ambiguous ones too. Where samples are judged also ``trajectory_variance/in_support_median`` and
    ``trajectory_variance/hallucinated_median``. All are upper edges of bins, so up to 1 % too large; model units
    squared; nan where there are no samples, inf where the trajectories have diverged.

    Quantiles of all samples cannot tell a model that hallucinates more from one whose good samples move more.

    Args:
        windows: Names of the windows, in the order of the variances' columns.
        window: The window to count, one of ``windows``.
        is_judged: Whether the samples come with a verdict, to count each class apart.

    Raises:
        ConfigurationError: If the window is not among the windows.

    Example:
        >>> import torch
        >>> metric = TrajectoryVarianceHistogram(("last",), "last", is_judged=False)
        >>> variance = torch.tensor([[1e-5], [2e-5], [1e-2]])
        >>> metric.update(GeneratedBatch(torch.arange(3), torch.zeros(3, 2), variance, ("last",), 4))
        >>> f"{metric.compute()['trajectory_variance/median'].item():.1e}"
        '2.0e-05'
    """

    counts: Tensor

    def __init__(self, windows: Sequence[str], window: str, is_judged: bool = True) -> None:
        super().__init__()
        self.windows = tuple(windows)
        self.window = window
        self.is_judged = is_judged
        if window not in self.windows:
            raise ConfigurationError(f"window: expected one of {', '.join(self.windows)}, got {window}")
        self.add_state("counts", torch.zeros((3, NUM_BINS), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, generated: GeneratedBatch) -> None:
        """Count the variances of a batch.

        Args:
            generated: Samples, scored in the metric's windows.

        Raises:
            ConfigurationError: If the batch should be judged and is not, or was scored in other windows.
        """
        if generated.windows != self.windows:
            raise ConfigurationError(
                f"expected variances in windows {self.windows}, got {generated.windows}; "
                "build the metric with the windows of the generation"
            )
        variance = generated.trajectory_variance[:, self.windows.index(self.window)]
        self.counts = self.counts + count_variance_bins(variance[:, None], self._group(generated), 3)[0]

    def compute(self) -> dict[str, Tensor]:
        """Give the quantiles.

        Returns:
            Flat names to float64 scalars, see the class.
        """
        counts, edges = self.counts.cpu(), variance_bin_edges()
        total = counts.sum(0)
        values = {"median": _quantile(edges, total, 0.5), "q96": _quantile(edges, total, 0.96)}
        if self.is_judged:
            values["in_support_median"] = _quantile(edges, counts[IN_SUPPORT], 0.5)
            values["hallucinated_median"] = _quantile(edges, counts[HALLUCINATED], 0.5)
        return self.scalars({f"trajectory_variance/{name}": value for name, value in values.items()})

    def histograms(self) -> dict[str, Tensor]:
        """Give the histograms: ``in_support`` and ``hallucinated``, or ``samples`` where they are not judged.

        Processes gather for it as for `compute`: all of them have to call it.

        Returns:
            Names to counts, (NUM_BINS,) int64 on the CPU, of the bins that `variance_bin_edges` bounds.
        """
        with self.sync_context():
            counts = self.counts.cpu()
        if not self.is_judged:
            return {"samples": counts[OTHER]}
        return {"in_support": counts[IN_SUPPORT], "hallucinated": counts[HALLUCINATED]}

    def _group(self, generated: GeneratedBatch) -> Tensor:
        group = torch.full((len(generated),), OTHER, device=generated.trajectory_variance.device)
        if self.is_judged:
            verdict = self.verdict_of(generated)
            group[verdict.in_support] = IN_SUPPORT
            group[verdict.hallucinated] = HALLUCINATED
        return group


def _quantile(edges: Tensor, counts: Tensor, share: float) -> float:
    return threshold_at_retained(edges, counts, share).item()
