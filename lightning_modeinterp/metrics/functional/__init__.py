"""The formulas behind the metrics, as pure functions of counts."""

from lightning_modeinterp.metrics.functional.bootstrap import bootstrap_auroc
from lightning_modeinterp.metrics.functional.detection import (
    auroc_from_counts,
    roc_from_counts,
)
from lightning_modeinterp.metrics.functional.filter_rates import filter_rates, removed_name
from lightning_modeinterp.metrics.functional.frechet import feature_distance, frechet_distance, frechet_interval
from lightning_modeinterp.metrics.functional.intervals import rate_with_interval, wilson_interval
from lightning_modeinterp.metrics.functional.matched_auroc import matched_auroc, matched_auroc_without_each
from lightning_modeinterp.metrics.functional.mode_pairs import ModePairs, count_between, mode_pairs, neighbours
from lightning_modeinterp.metrics.functional.mode_statistics import (
    interpolation_enrichment,
    mode_coverage,
    mode_weight_least,
    mode_weight_tv,
    modes_filled,
    within_mode_std,
)
from lightning_modeinterp.metrics.functional.neighbours_of_both import neighbours_of_both
from lightning_modeinterp.metrics.functional.pair_interpolation import pair_enrichment, pair_interpolation
from lightning_modeinterp.metrics.functional.score_bins import score_bin_edges, score_bins
from lightning_modeinterp.metrics.functional.score_counts import ScoreCounts, count_distinct
from lightning_modeinterp.metrics.functional.score_slope import (
    largest_slope,
    points_between,
    slope_ratio,
)
from lightning_modeinterp.metrics.functional.support_rates import support_rates
from lightning_modeinterp.metrics.functional.variance_bins import (
    count_bins,
    variance_bin_edges,
    variance_bins,
)

__all__ = [
    "ModePairs",
    "ScoreCounts",
    "auroc_from_counts",
    "bootstrap_auroc",
    "count_between",
    "count_bins",
    "count_distinct",
    "feature_distance",
    "filter_rates",
    "frechet_distance",
    "frechet_interval",
    "interpolation_enrichment",
    "largest_slope",
    "matched_auroc",
    "matched_auroc_without_each",
    "mode_coverage",
    "mode_pairs",
    "mode_weight_least",
    "mode_weight_tv",
    "modes_filled",
    "neighbours",
    "neighbours_of_both",
    "pair_enrichment",
    "pair_interpolation",
    "points_between",
    "rate_with_interval",
    "removed_name",
    "roc_from_counts",
    "score_bin_edges",
    "score_bins",
    "slope_ratio",
    "support_rates",
    "variance_bin_edges",
    "variance_bins",
    "wilson_interval",
    "within_mode_std",
]
