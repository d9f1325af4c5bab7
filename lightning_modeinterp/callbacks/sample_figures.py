"""From kept samples to figures."""

import math
from collections.abc import Iterator, Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from lightning_modeinterp import figures
from lightning_modeinterp.callbacks.kept_samples import KeptSamples
from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.data.gaussian import GaussianMixtureDataModule
from lightning_modeinterp.metrics.functional import (
    ScoreCounts,
    auroc_from_counts,
    count_distinct,
    filter_rates,
    removed_name,
    roc_from_counts,
    variance_bin_edges,
    variance_bins,
)

RETAINED = 0.96
NUM_DATA_POINTS = 5_000
NUM_IMAGES = 40


def progress_figures(kept: KeptSamples, data: ModeInterpDataModule) -> Iterator[tuple[str, Figure]]:
    """Name and draw what changes during a fit: the samples (1D and 2D data) and the variance of either class."""
    yield from _density(kept, data)
    yield from _samples(kept, data)
    yield from _images(kept, data)
    window = data.generation.window
    yield "variance", _variance(scores_by_name(kept, data.generation.windows)[window], window)


def all_figures(kept: KeptSamples, data: ModeInterpDataModule) -> Iterator[tuple[str, Figure]]:
    """Name and draw also how every window and further score detects, and where hallucinations lie (2D data)."""
    window, others = data.generation.window, data.generation.score_names
    scores = scores_by_name(kept, data.generation.windows, others)
    auroc = {name: auroc_from_counts(each.in_support, each.hallucinated).item() for name, each in scores.items()}
    curves = {name: roc_from_counts(each.in_support, each.hallucinated) for name, each in scores.items()}
    removed = [float(filter_rates(each, RETAINED)[removed_name(RETAINED)]) for each in scores.values()]
    yield from _density(kept, data)
    yield from _samples(kept, data)
    yield from _images(kept, data)
    yield from _kept_and_flagged(kept, scores[window], data)
    yield from _pairs(kept, data)
    yield "variance", _variance(scores[window], window)
    yield "roc", figures.roc(curves, auroc, window, false_positive_rate=1 - RETAINED, others=others)
    yield "windows", figures.window_sweep(list(scores), list(auroc.values()), removed, window, others=others)


def trajectory_figure(
    x_0_hat: Tensor,
    hallucinated: Tensor,
    steps_left: Sequence[int],
    window: tuple[int, int],
    data: ModeInterpDataModule,
) -> Figure:
    """Draw recorded x_0_hat (S, N, *sample_shape): paths in the plane for 2D data, else curves over the steps."""
    if data.sample_shape != (2,):
        return figures.predicted_trajectories(x_0_hat, hallucinated, steps_left, window)
    means = data.scaled_mixture.means if isinstance(data, GaussianMixtureDataModule) else None
    return figures.predicted_paths(x_0_hat, hallucinated, steps_left, window, means)


def scores_by_name(kept: KeptSamples, windows: tuple[str, ...], others: tuple[str, ...] = ()) -> dict[str, ScoreCounts]:
    """Scores of the samples that are in support or hallucinated; even blocks apart from odd ones.

    Args:
        kept: The samples.
        windows: Names of the windows, in the order of the variances' columns.
        others: Names of statistics that are scores too.
    """
    verdict = kept.verdict
    is_clear = verdict.in_support | verdict.hallucinated
    group = (2 * (kept.block % 2) + verdict.hallucinated)[is_clear]
    columns = [*kept.trajectory_variance[is_clear].unbind(1), *kept.scores(others)[is_clear].unbind(1)]
    return {name: count_distinct(each, group) for name, each in zip((*windows, *others), columns, strict=True)}


def _density(kept: KeptSamples, data: ModeInterpDataModule) -> Iterator[tuple[str, Figure]]:
    if isinstance(data, GaussianMixtureDataModule) and data.mixture.dimension == 1:
        verdict, mixture = kept.verdict, data.mixture
        ambiguous = ~(verdict.in_support | verdict.hallucinated)
        yield (
            "density",
            figures.density_histogram(
                kept.samples, verdict.hallucinated, mixture.log_density, mixture.means, ambiguous=ambiguous
            ),
        )


def _samples(kept: KeptSamples, data: ModeInterpDataModule) -> Iterator[tuple[str, Figure]]:
    if data.sample_shape == (2,):
        dataset, verdict = data.make_dataset("test"), kept.verdict
        true_samples = data.to_data_units(dataset[torch.arange(min(len(dataset), NUM_DATA_POINTS))])
        ambiguous = ~(verdict.in_support | verdict.hallucinated)
        plane = figures.PlaneSamples("", true_samples, kept.samples, verdict.hallucinated, ambiguous)
        yield "samples", figures.samples_2d([plane], max_points=NUM_DATA_POINTS)


def is_image(data: ModeInterpDataModule) -> bool:
    """Whether samples can be shown as images: (C, H, W) with one or three channels."""
    return len(data.sample_shape) == 3 and data.sample_shape[0] in (1, 3)


def _images(kept: KeptSamples, data: ModeInterpDataModule) -> Iterator[tuple[str, Figure]]:
    """Data above generated images, the hallucinated ones in a frame."""
    if is_image(data):
        dataset, verdict = data.make_dataset("test"), kept.verdict
        true_samples = data.to_data_units(dataset[torch.arange(min(len(dataset), NUM_IMAGES // 2))])
        groups = {
            "data": figures.ImageGroup(true_samples),
            "generated": _group(kept, torch.arange(min(len(kept), NUM_IMAGES))),
        }
        rate = figures.rate_with_interval(int(verdict.hallucinated.sum()), len(kept))
        yield "samples", figures.image_grid(groups, f"hallucinated {rate}")


def _group(kept: KeptSamples, rows: Tensor) -> figures.ImageGroup:
    """Chosen images, the hallucinated ones in a frame with their kind below."""
    verdict = kept.verdict[rows]
    kinds = [verdict.kinds[kind] if kind >= 2 else "" for kind in verdict.kind.tolist()]
    return figures.ImageGroup(kept.samples[rows], verdict.hallucinated, kinds)


def _kept_and_flagged(
    kept: KeptSamples, scores: ScoreCounts, data: ModeInterpDataModule
) -> Iterator[tuple[str, Figure]]:
    """Images on either side of the threshold that keeps 96 % of those in support, the hallucinated ones in a frame."""
    threshold = float(filter_rates(scores, RETAINED)["threshold"])
    if not is_image(data) or math.isnan(threshold):
        return
    window = data.generation.window
    variance = kept.trajectory_variance[:, data.generation.windows.index(window)]
    groups = {}
    for name, chosen in (("kept", variance <= threshold), ("flagged", ~(variance <= threshold))):
        rows = chosen.nonzero().flatten()[: NUM_IMAGES // 2]
        if len(rows):
            groups[name] = _group(kept, rows)
    yield "kept_and_flagged", figures.image_grid(groups, f"by the variance over {window}")


def _pairs(kept: KeptSamples, data: ModeInterpDataModule) -> Iterator[tuple[str, Figure]]:
    if not isinstance(data, GaussianMixtureDataModule) or data.mixture.dimension != 2:
        return
    metric = data.pair_interpolation()
    if metric is None:
        return
    for batch in kept.batches:
        metric.update(batch)
    metric.sync_on_compute = False  # only the first process draws
    together = metric.compute()
    neighbour, diagonal = (float(together[f"interpolation/{name}_enrichment"]) for name in ("neighbour", "diagonal"))
    yield (
        "pairs",
        figures.pair_lines(
            metric.means,
            metric.modes,
            metric.is_diagonal,
            metric.enrichment_of_pairs(),
            neighbour=neighbour,
            diagonal=diagonal,
        ),
    )


def _variance(scores: ScoreCounts, window: str) -> Figure:
    upper_edges = variance_bin_edges()
    in_support, hallucinated = (
        torch.zeros(len(upper_edges), dtype=torch.int64).index_add(0, variance_bins(scores.values), counts)
        for counts in (scores.in_support, scores.hallucinated)
    )
    threshold = float(filter_rates(scores, RETAINED)["threshold"])
    return figures.variance_histogram(
        torch.cat([torch.zeros(1), upper_edges]), in_support, hallucinated, threshold, window
    )
