"""Detection of hallucinations by trajectory variance, and by what else scores a sample, over any number of samples."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics.functional import (
    ScoreCounts,
    VarianceHistogram,
    auroc_from_counts,
    bootstrap_auroc,
    count_distinct,
    count_score_bins,
    count_variance_bins,
    filter_rates,
    removed_name,
    roc_from_counts,
    score_bin_edges,
    variance_bin_edges,
)
from lightning_modeinterp.metrics.functional.score_bins import NUM_SCORE_BINS
from lightning_modeinterp.metrics.functional.variance_bins import NUM_BINS
from lightning_modeinterp.metrics.generation_metric import GenerationMetric
from lightning_modeinterp.records import GeneratedBatch


class TrajectoryVarianceDetection(GenerationMetric):
    """Measure how well trajectory variance tells hallucinated samples from those in support.

    Detection by summed fixed bins of log-variance: memory O(bins) for any number of samples, AUROC within 1e-3 of the
    exact one (scores that spread over 5 % or more), and exact for small sets, whose scores are kept. Even blocks set
    the threshold of each window, odd blocks report what it removes; the AUROC takes all blocks. Ambiguous samples are
    left out; a variance of nan counts as +inf.

    Of the main ``window``: ``detection/auroc`` (``_low``, ``_high``: bootstrap), ``detection/threshold``,
    ``detection/retained`` and ``detection/removed_at_96_retained`` (``_low``, ``_high``: Wilson), with the counts
    ``detection/num_in_support``, ``detection/num_hallucinated`` (odd blocks) and ``detection/num_calibration``
    (in-support samples that set the threshold). Of every window, and of every further score that is to be compared with
    it: ``detection/<name>/auroc`` and ``detection/<name>/removed_at_96_retained``. What has no samples behind it is nan
    (Wilson ends 0 and 1): in a single block there is a threshold or a report, not both, so the rates are nan.

    It cannot tell which window will do best on other samples: a window chosen by these numbers has to be judged on a
    fresh set. Thresholds hold for one sampler and one number of steps.

    Args:
        windows: Names of the windows, in the order of the variances' columns.
        window: The window to report in full, one of ``windows``.
        retained: Share of in-support samples to keep, in (0, 1]; 0.96 is the paper's.
        exact_up_to: Samples up to which a process keeps every score; beyond, only bins remain until the next reset.
        scores: Names of further scores among the batch's statistics, each (N,), higher where a sample is more suspect;
            they may be negative.

    Raises:
        ConfigurationError: If names repeat, the main window is not among them, or a number is out of range.

    References:
        S. K. Aithal et al., "Understanding Hallucinations in Diffusion Models through Mode Interpolation",
        NeurIPS 2024, arXiv:2406.09358.

    Example:
        >>> import torch
        >>> from lightning_modeinterp.records import SupportVerdict
        >>> kind = torch.tensor([0, 0, 0, 2, 0, 0, 0, 2], dtype=torch.int8)
        >>> verdict = SupportVerdict(kind, torch.zeros(8).long(), ("in_support", "ambiguous", "invalid"))
        >>> variance = torch.tensor([[1e-5], [2e-5], [3e-5], [1e-2], [1e-5], [2e-5], [4e-5], [1e-2]])
        >>> metric = TrajectoryVarianceDetection(windows=("last",), window="last")
        >>> metric.update(GeneratedBatch(torch.arange(8), torch.zeros(8, 2), variance, ("last",), 4, verdict))
        >>> detection = metric.compute()
        >>> detection["detection/auroc"].item(), detection["detection/removed_at_96_retained"].item()
        (1.0, 1.0)
    """

    bin_counts: Tensor
    score_bin_counts: Tensor
    raw: list[Tensor] | Tensor

    def __init__(
        self,
        windows: Sequence[str],
        window: str,
        retained: float = 0.96,
        exact_up_to: int = 20_000,
        scores: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.windows = tuple(windows)
        self.window = window
        self.scores = tuple(scores)
        self.retained = retained
        self.exact_up_to = exact_up_to
        self._check_arguments()
        size = (len(self.windows), 2, 2, NUM_BINS)  # window, fold, class, bin
        self.add_state("bin_counts", torch.zeros(size, dtype=torch.int64), dist_reduce_fx="sum")
        size = (len(self.scores), 2, 2, NUM_SCORE_BINS)
        self.add_state("score_bin_counts", torch.zeros(size, dtype=torch.int64), dist_reduce_fx="sum")
        # Flat float32 rows of (2 * fold + class, W variances, further scores): the one shape that also an empty process
        # can gather.
        self.add_state("raw", [], dist_reduce_fx="cat")

    def update(self, generated: GeneratedBatch) -> None:
        """Count the scores of a batch.

        Args:
            generated: Judged samples, scored in the metric's windows and by its further scores.

        Raises:
            ConfigurationError: If the batch was not judged, scored in other windows, or lacks a further score.
        """
        verdict = self.verdict_of(generated)
        if generated.windows != self.windows:
            raise ConfigurationError(
                f"expected variances in windows {self.windows}, got {generated.windows}; "
                "build the metric with the windows of the generation"
            )
        is_clear = verdict.in_support | verdict.hallucinated
        group = (2 * (generated.block % 2) + verdict.hallucinated)[is_clear]
        variance = generated.trajectory_variance[is_clear].float()
        scores = generated.scores(self.scores)[is_clear].float()
        self.bin_counts = self.bin_counts + count_variance_bins(variance, group, 4).reshape_as(self.bin_counts)
        score_counts = count_score_bins(scores, group, 4).reshape_as(self.score_bin_counts)
        self.score_bin_counts = self.score_bin_counts + score_counts
        self.raw = [*self.raw, torch.cat([group[:, None].float(), variance, scores], dim=1).flatten()]
        self._drop_too_many()

    def compute(self) -> dict[str, Tensor]:
        """Give what the detector does, exactly where all scores were kept.

        Returns:
            Flat names to scalars, see the class; rates float64 in [0, 1] or nan, counts int64.
        """
        values: dict[str, float | Tensor] = {}
        for name, scores in self._scores().items():
            auroc = auroc_from_counts(scores.in_support, scores.hallucinated)
            rates = filter_rates(scores, self.retained)
            values[f"detection/{name}/auroc"] = auroc
            values[f"detection/{name}/{removed_name(self.retained)}"] = rates[removed_name(self.retained)]
            if name == self.window:
                low, high = bootstrap_auroc(scores.in_support, scores.hallucinated)
                rates = {"auroc": auroc.item(), "auroc_low": low, "auroc_high": high, **rates}
                values |= {f"detection/{key}": rate for key, rate in rates.items()}
        return self.scalars(values)

    def curves(self) -> dict[str, tuple[Tensor, Tensor]]:
        """Give the ROC curve of every window and further score, over all blocks.

        Processes gather for it as for `compute`: all of them have to call it.

        Returns:
            Name to false and true positive rates, float64 on the CPU, rising from 0 to 1; nan for an empty class.
        """
        with self.sync_context():
            scores = self._scores()
        return {name: roc_from_counts(each.in_support, each.hallucinated) for name, each in scores.items()}

    def histograms(self) -> VarianceHistogram:
        """Give the histograms of the main window, over all blocks.

        Processes gather for it as for `compute`: all of them have to call it.

        Returns:
            Counts of both classes in fixed bins, on the CPU.
        """
        with self.sync_context():
            in_support, hallucinated = self.bin_counts[self.windows.index(self.window)].sum(0).cpu()
        return VarianceHistogram(variance_bin_edges(), in_support, hallucinated)

    def _drop_too_many(self) -> None:
        """Keep all scores or, once there are too many, none."""
        if self.bin_counts[0].sum() > self.exact_up_to:
            self.raw = []

    def _reduce_states(self, incoming_state: dict[str, Any]) -> None:
        """Merge as torchmetrics does (`forward`, `merge_state`), where small parts may sum to too many."""
        super()._reduce_states(incoming_state)
        self._drop_too_many()

    def _scores(self) -> dict[str, ScoreCounts]:
        """Give the scores by each name: every one where every process kept its own, else the bins."""
        names, counts = (*self.windows, *self.scores), self.bin_counts.cpu()
        kept = [self.raw] if isinstance(self.raw, Tensor) else self.raw
        rows = torch.cat([torch.empty(0), *(part.cpu() for part in kept)]).reshape(-1, 1 + len(names))
        if len(rows) == counts[0].sum():
            group, scores = rows[:, 0].long(), rows[:, 1:].unbind(1)
            return {name: count_distinct(each, group) for name, each in zip(names, scores, strict=True)}
        variances = [ScoreCounts(variance_bin_edges(), each) for each in counts]
        others = [ScoreCounts(score_bin_edges(), each) for each in self.score_bin_counts.cpu()]
        return dict(zip(names, [*variances, *others], strict=True))

    def _check_arguments(self) -> None:
        names = (*self.windows, *self.scores)
        if self.window not in self.windows or len(set(names)) != len(names):
            raise ConfigurationError(
                f"expected distinct windows with {self.window!r} among them, and other names for further scores, got "
                f"{names}; pass the generation's windows, the name of one, and its scores"
            )
        if not 0 < self.retained <= 1:
            raise ConfigurationError(f"expected `retained` in (0, 1], got {self.retained}; 0.96 is the paper's share")
        if self.exact_up_to < 0:
            raise ConfigurationError(f"expected `exact_up_to` of at least 0, got {self.exact_up_to}; 0 keeps bins only")
