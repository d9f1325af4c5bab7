"""Mode coverage, weights and widths, over any number of samples."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics.functional import (
    interpolation_enrichment,
    modes_filled,
    within_mode_std,
)
from lightning_modeinterp.metrics.generation_metric import GenerationMetric
from lightning_modeinterp.records import GeneratedBatch, SupportVerdict


class ModeStatistics(GenerationMetric):
    """Measure how in-support samples are spread over the modes of a mixture.

    ``mode_coverage`` (share of modes with at least a tenth of their expected count), ``mode_weight_tv`` (total
    variation between frequencies and weights), ``mode_weight_least`` (least frequency over weight), ``within_mode_std``
    (pooled, data units) and, if ``chance_share`` is given, ``interpolation_enrichment``; see
    `lightning_modeinterp.metrics.functional.mode_statistics`.
    Only counts and float64 moments around each centre are kept: memory O(K d) for any number of samples.
    It cannot tell a mode's shape beyond its width, and says nothing about samples off the modes, except the
    enrichment.

    Args:
        means: (K, d) centres of the modes, data units.
        weights: (K,) weights of the modes, at least 0; only their ratios matter.
        interpolated_kind: Name of the kind in the tubes between nearest modes.
        chance_share: Share of the area off the modes that these tubes cover, in (0, 1]; no enrichment if None.

    Raises:
        ConfigurationError: If means and weights do not match, or the share is out of range.

    Example:
        >>> import torch
        >>> from lightning_modeinterp.records import SupportVerdict
        >>> kinds = ("in_support", "ambiguous", "invalid")
        >>> verdict = SupportVerdict(torch.zeros(2, dtype=torch.int8), torch.zeros(2).long(), kinds)
        >>> samples = torch.tensor([[0.9], [1.1]])
        >>> metric = ModeStatistics(means=[[1.0], [2.0]], weights=[0.5, 0.5])
        >>> metric.update(GeneratedBatch(torch.arange(2), samples, {}, 2, verdict))
        >>> {name: round(value.item(), 4) for name, value in metric.compute().items()}
        {'mode_coverage': 0.5, 'mode_weight_tv': 0.5, 'mode_weight_least': 0.0, 'within_mode_std': 0.1}
    """

    means: Tensor
    weights: Tensor
    mode_counts: Tensor
    sums: Tensor
    sums_of_squares: Tensor
    num_interpolated: Tensor
    num_off_modes: Tensor

    def __init__(
        self,
        means: Tensor | Sequence[Sequence[float]],
        weights: Tensor | Sequence[float],
        interpolated_kind: str = "interpolated",
        chance_share: float | None = None,
    ) -> None:
        super().__init__()
        centers = torch.as_tensor(means, dtype=torch.float64)
        shares = torch.as_tensor(weights, dtype=torch.float64)
        _check(centers, shares, chance_share)
        self.register_buffer("means", centers, persistent=False)
        self.register_buffer("weights", shares / shares.sum(), persistent=False)
        self.interpolated_kind = interpolated_kind
        self.chance_share = chance_share
        self.add_state("mode_counts", torch.zeros(len(centers), dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("sums", torch.zeros_like(centers), dist_reduce_fx="sum")
        self.add_state("sums_of_squares", torch.zeros_like(centers), dist_reduce_fx="sum")
        self.add_state("num_interpolated", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("num_off_modes", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, generated: GeneratedBatch) -> None:
        """Add a batch to the moments of the modes.

        Args:
            generated: Judged samples of d values each.

        Raises:
            ConfigurationError: If the batch was not judged, or does not belong to this mixture.
        """
        verdict = self.verdict_of(generated)
        mode = verdict.mode[verdict.in_support]
        samples = generated.samples[verdict.in_support].flatten(1).double()
        self._check_batch(samples, mode)
        deviations = samples - self.means[mode]
        self.mode_counts = self.mode_counts + torch.bincount(mode, minlength=len(self.means))
        self.sums = self.sums.index_add(0, mode, deviations)
        self.sums_of_squares = self.sums_of_squares.index_add(0, mode, deviations.square())
        self._count_off_modes(verdict)

    def compute(self) -> dict[str, Tensor]:
        """The statistics.

        Returns:
            Flat names to float64 scalars; nan if there is nothing to measure.
        """
        statistics = {
            **modes_filled(self.mode_counts, self.weights),
            "within_mode_std": within_mode_std(self.mode_counts, self.sums, self.sums_of_squares),
        }
        if self.chance_share is not None:
            statistics["interpolation_enrichment"] = interpolation_enrichment(
                self.num_interpolated, self.num_off_modes, self.chance_share
            )
        return statistics

    def _count_off_modes(self, verdict: SupportVerdict) -> None:
        if self.interpolated_kind not in verdict.kinds:
            return  # an oracle without that kind gives no enrichment
        interpolated = verdict.kind == verdict.kinds.index(self.interpolated_kind)
        self.num_interpolated = self.num_interpolated + interpolated.sum()
        self.num_off_modes = self.num_off_modes + verdict.hallucinated.sum()

    def _check_batch(self, samples: Tensor, mode: Tensor) -> None:
        num_modes, num_values = self.means.shape
        if samples.shape[1] != num_values or (len(mode) and mode.max() >= num_modes):
            largest = mode.max().item() if len(mode) else None
            raise ConfigurationError(
                f"expected samples of {num_values} values in {num_modes} modes, got {samples.shape[1]} values and mode "
                f"{largest}; build the metric with the `means` of the oracle's data"
            )


def _check(means: Tensor, weights: Tensor, chance_share: float | None) -> None:
    if means.ndim != 2 or weights.shape != means.shape[:1]:
        raise ConfigurationError(
            f"expected means of shape (K, d) and weights of shape (K,), got {tuple(means.shape)} and "
            f"{tuple(weights.shape)}; write one-dimensional means as [[1.0], [2.0]]"
        )
    if not (weights >= 0).all() or weights.sum() <= 0:
        raise ConfigurationError(f"expected weights of at least 0, not all 0, got {weights.tolist()}")
    if chance_share is not None and not 0 < chance_share <= 1:
        raise ConfigurationError(
            f"expected `chance_share` in (0, 1] or None, got {chance_share}; it is a share of area"
        )
