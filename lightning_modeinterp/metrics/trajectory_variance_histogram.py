"""Distribution of the trajectory variance, with or without an oracle."""

import torch
from torch import Tensor

from lightning_modeinterp.metrics.functional import count_bins, variance_bin_edges, variance_bins
from lightning_modeinterp.metrics.functional.variance_bins import NUM_BINS
from lightning_modeinterp.metrics.generation_metric import GenerationMetric
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.threshold import Threshold

IN_SUPPORT, HALLUCINATED, OTHER = range(3)


class TrajectoryVarianceHistogram(GenerationMetric):
    """Count one trajectory variance of every sample in fixed bins of log-variance; memory O(bins).

    ``trajectory_variance/median`` and ``trajectory_variance/q96`` (the 96 % quantile) of all
    samples, ambiguous ones too. If samples are judged, also ``trajectory_variance/in_support_median`` and
    ``trajectory_variance/hallucinated_median``. All are upper edges of bins, so up to 1 % too large; model units
    squared; nan without samples, inf if the trajectories have diverged.

    Quantiles of all samples cannot tell a model that hallucinates more from one whose good samples move more.

    Args:
        score: Name of the variance, ``variance/<window>``.
        is_judged: Whether the samples have a verdict, to count the classes separately.

    Example:
        >>> import torch
        >>> metric = TrajectoryVarianceHistogram("variance/last", is_judged=False)
        >>> variance = {"variance/last": torch.tensor([1e-5, 2e-5, 1e-2])}
        >>> metric.update(GeneratedBatch(torch.arange(3), torch.zeros(3, 2), variance, 4))
        >>> f"{metric.compute()['trajectory_variance/median'].item():.1e}"
        '2.0e-05'
    """

    counts: Tensor

    def __init__(self, score: str, is_judged: bool = True) -> None:
        super().__init__()
        self.score = score
        self.is_judged = is_judged
        self.add_state("counts", torch.zeros((3, NUM_BINS), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, generated: GeneratedBatch) -> None:
        """Count the variances of a batch.

        Args:
            generated: Samples with that score.

        Raises:
            ConfigurationError: If the batch should be judged and is not, or lacks the score.
        """
        variance = generated.score(self.score)
        bins = variance_bins(variance[:, None])
        self.counts = self.counts + count_bins(bins, self._group(generated), 3, NUM_BINS)[0]

    def compute(self) -> dict[str, Tensor]:
        """The quantiles.

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
        """The histograms: ``in_support`` and ``hallucinated``, or ``samples`` if they are not judged.

        All processes have to call it, as for `compute`.

        Returns:
            Names to counts, (NUM_BINS,) int64 on the CPU, in the bins of `variance_bin_edges`.
        """
        with self.sync_context():
            counts = self.counts.cpu()
        if not self.is_judged:
            return {"samples": counts[OTHER]}
        return {"in_support": counts[IN_SUPPORT], "hallucinated": counts[HALLUCINATED]}

    def _group(self, generated: GeneratedBatch) -> Tensor:
        group = torch.full((len(generated),), OTHER, device=generated.index.device)
        if self.is_judged:
            verdict = self.verdict_of(generated)
            group[verdict.in_support] = IN_SUPPORT
            group[verdict.hallucinated] = HALLUCINATED
        return group


def _quantile(edges: Tensor, counts: Tensor, share: float) -> float:
    return Threshold.of_counts(edges, counts, share).value
