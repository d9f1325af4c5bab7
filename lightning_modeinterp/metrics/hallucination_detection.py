"""Detection of hallucinations by trajectory variance and other scores, over any number of samples."""

import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics.functional import (
    ScoreCounts,
    auroc_from_counts,
    bootstrap_auroc,
    count_bins,
    count_distinct,
    filter_rates,
    removed_name,
    roc_from_counts,
    score_bin_edges,
    score_bins,
)
from lightning_modeinterp.metrics.functional.score_bins import NUM_SCORE_BINS
from lightning_modeinterp.metrics.generation_metric import GenerationMetric
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.threshold import PUBLISHED_RETAINED, check_retained

MAX_TIED = 0.02
"""Share of pairs in one bin above which a warning is given; a binned AUROC may be off by half of it."""


class HallucinationDetection(GenerationMetric):
    """Measure how well scores separate hallucinated samples from those in support.

    All scores are kept up to ``exact_up_to`` samples of all processes together; with more, they are counted in fixed
    bins, 1 % of a score wide, in constant memory. So the result does not depend on the number of processes. Even blocks
    set the threshold of each score, odd blocks report what it removes; the AUROC uses all blocks. Ambiguous samples are
    left out; a score of nan counts as +inf.

    For the ``main`` score: ``detection/auroc`` (``_low``, ``_high``: bootstrap), ``detection/threshold``,
    ``detection/retained`` and ``detection/removed_at_96_retained`` (``_low``, ``_high``: Wilson), with the counts
    ``detection/num_in_support``, ``detection/num_hallucinated`` (odd blocks) and ``detection/num_calibration``
    (in-support samples that set the threshold). For every score: ``detection/<name>/auroc`` and
    ``detection/<name>/removed_at_96_retained``. Without samples a number is nan (Wilson ends 0 and 1): a single block
    either sets the threshold or is reported on, so the rates are nan.

    It cannot tell which score is best on other samples: one that is chosen by these numbers has to be evaluated on a
    new set. Thresholds are valid for one sampler and one number of steps.

    Args:
        scores: Names of the scores, which are higher where a sample is more suspect, and may be negative.
        main: The score to report in full, one of ``scores``.
        retained: Share of in-support samples to keep, in (0, 1]; 0.96 is the paper's.
        exact_up_to: Number of samples up to which every score is kept; with more, only bins until the next reset.

    Raises:
        ConfigurationError: If names repeat, the main score is not among them, or a number is out of range.

    References:
        S. K. Aithal et al., "Understanding Hallucinations in Diffusion Models through Mode Interpolation",
        NeurIPS 2024, arXiv:2406.09358.

    Example:
        >>> import torch
        >>> from lightning_modeinterp.records import SupportVerdict
        >>> kind = torch.tensor([0, 0, 0, 2, 0, 0, 0, 2], dtype=torch.int8)
        >>> verdict = SupportVerdict(kind, torch.zeros(8).long(), ("in_support", "ambiguous", "invalid"))
        >>> variance = {"variance/last": torch.tensor([1e-5, 2e-5, 3e-5, 1e-2, 1e-5, 2e-5, 4e-5, 1e-2])}
        >>> metric = HallucinationDetection(["variance/last"], "variance/last")
        >>> metric.update(GeneratedBatch(torch.arange(8), torch.zeros(8, 2), variance, 4, verdict))
        >>> detection = metric.compute()
        >>> detection["detection/auroc"].item(), detection["detection/removed_at_96_retained"].item()
        (1.0, 1.0)
    """

    bin_counts: Tensor
    raw: list[Tensor] | Tensor

    def __init__(
        self,
        scores: Sequence[str],
        main: str,
        retained: float = PUBLISHED_RETAINED,
        exact_up_to: int = 1_000_000,
    ) -> None:
        super().__init__()
        self.scores = tuple(scores)
        self.main = main
        self.retained = retained
        self.exact_up_to = exact_up_to
        self._check_arguments()
        size = (len(self.scores), 2, 2, NUM_SCORE_BINS)  # score, fold, class, bin
        self.add_state("bin_counts", torch.zeros(size, dtype=torch.int64), dist_reduce_fx="sum")
        # Flat float32 rows of (2 * fold + class, scores): a shape that an empty process can gather too.
        self.add_state("raw", [], dist_reduce_fx="cat")

    def update(self, generated: GeneratedBatch) -> None:
        """Count the scores of a batch.

        Args:
            generated: Judged samples.

        Raises:
            ConfigurationError: If the batch was not judged, or lacks a score.
        """
        verdict = self.verdict_of(generated)
        is_clear = verdict.in_support | verdict.hallucinated
        group = (2 * (generated.block % 2) + verdict.hallucinated)[is_clear]
        scores = torch.stack([generated.score(name) for name in self.scores], dim=1)[is_clear].float()
        counts = count_bins(score_bins(scores), group, 4, NUM_SCORE_BINS)
        self.bin_counts = self.bin_counts + counts.reshape_as(self.bin_counts)
        self.raw = [*self.raw, torch.cat([group[:, None].float(), scores], dim=1).flatten()]
        self._drop_too_many()

    def compute(self) -> dict[str, Tensor]:
        """The detection by the scores, exact if all were kept.

        Returns:
            Flat names to scalars, see the class; rates float64 in [0, 1] or nan, counts int64.
        """
        values: dict[str, float | Tensor] = {}
        for name, scores in self._scores().items():
            auroc = auroc_from_counts(scores.in_support, scores.hallucinated)
            rates = filter_rates(scores, self.retained)
            values[f"detection/{name}/auroc"] = auroc
            values[f"detection/{name}/{removed_name(self.retained)}"] = rates[removed_name(self.retained)]
            if name == self.main:
                low, high = bootstrap_auroc(scores.in_support, scores.hallucinated)
                rates = {"auroc": auroc.item(), "auroc_low": low, "auroc_high": high, **rates}
                values |= {f"detection/{key}": rate for key, rate in rates.items()}
        return self.scalars(values)

    def curves(self) -> dict[str, tuple[Tensor, Tensor]]:
        """The ROC curve of every score, over all blocks.

        All processes have to call it, as for `compute`.

        Returns:
            Name to false and true positive rates, float64 on the CPU, rising from 0 to 1; nan for an empty class.
        """
        with self.sync_context():
            scores = self._scores()
        return {name: roc_from_counts(each.in_support, each.hallucinated) for name, each in scores.items()}

    def _drop_too_many(self) -> None:
        """Keep all scores, or none if there are too many."""
        if self.bin_counts[0].sum() > self.exact_up_to:
            self.raw = []

    def _reduce_states(self, incoming_state: dict[str, Any]) -> None:
        """Merge states as torchmetrics does (`forward`, `merge_state`); small parts may sum to too many scores."""
        super()._reduce_states(incoming_state)
        self._drop_too_many()

    def _scores(self) -> dict[str, ScoreCounts]:
        """The scores by name: exact if there are few enough in all processes together, else bins."""
        counts = self.bin_counts.cpu()
        total = int(counts[0].sum())
        if total <= self.exact_up_to:
            kept = [self.raw] if isinstance(self.raw, Tensor) else self.raw
            rows = torch.cat([torch.empty(0), *(part.cpu() for part in kept)]).reshape(-1, 1 + len(self.scores))
            group, columns = rows[:, 0].long(), rows[:, 1:].unbind(1)
            return {name: count_distinct(each, group) for name, each in zip(self.scores, columns, strict=True)}
        binned = {name: ScoreCounts(score_bin_edges(), each) for name, each in zip(self.scores, counts, strict=True)}
        for name, each in binned.items():
            _warn_of_ties(name, each)
        return binned

    def _check_arguments(self) -> None:
        if self.main not in self.scores or len(set(self.scores)) != len(self.scores):
            raise ConfigurationError(
                f"expected distinct scores with {self.main!r} among them, got {self.scores}; pass the generation's "
                "scores and the name of one"
            )
        check_retained(self.retained)
        if self.exact_up_to < 0:
            raise ConfigurationError(f"expected `exact_up_to` of at least 0, got {self.exact_up_to}; 0 keeps bins only")


def _warn_of_ties(name: str, scores: ScoreCounts) -> None:
    """Warn if bins are too coarse for a score: the order within a bin is unknown."""
    in_support, hallucinated = scores.in_support.double(), scores.hallucinated.double()
    tied = float((in_support * hallucinated).sum() / (in_support.sum() * hallucinated.sum()))
    if tied > MAX_TIED:
        warnings.warn(
            f"detection/{name}/auroc: {tied:.0%} of the pairs lie in one bin, so it may be off by {tied / 2:.2g}; draw "
            "fewer samples, or raise the metric's `exact_up_to`",
            stacklevel=2,
        )
