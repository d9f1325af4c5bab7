"""From kept samples to figures."""

from collections.abc import Iterator, Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from lightning_modeinterp import figures
from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.data.gaussian import GaussianMixtureDataModule
from lightning_modeinterp.judged_samples import JudgedSamples
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
from lightning_modeinterp.metrics.functional.score_counts import CALIBRATION, IN_SUPPORT
from lightning_modeinterp.records import VARIANCE, GeneratedBatch
from lightning_modeinterp.threshold import Threshold

NUM_DATA_POINTS = 5_000
NUM_IMAGES = 40


def progress_figures(kept: JudgedSamples, data: ModeInterpDataModule) -> Iterator[tuple[str, Figure]]:
    """Name and draw what changes during a fit: the samples (1D and 2D data) and the variance of either class."""
    yield from _density(kept, data)
    yield from _samples(kept, data)
    yield from _images(kept, data)
    yield "variance", _variance(score_counts(kept, data.generation.score), data)


def all_figures(kept: JudgedSamples, data: ModeInterpDataModule) -> Iterator[tuple[str, Figure]]:
    """Name and draw also how every window and further score detects, and where hallucinations lie (2D data)."""
    asked = data.generation
    scores = {short_name(name): score_counts(kept, name) for name in asked.score_names}
    window, others = asked.window, asked.score_names[len(asked.windows) :]
    auroc = {name: auroc_from_counts(each.in_support, each.hallucinated).item() for name, each in scores.items()}
    curves = {name: roc_from_counts(each.in_support, each.hallucinated) for name, each in scores.items()}
    removed = [float(filter_rates(each, asked.retained)[removed_name(asked.retained)]) for each in scores.values()]
    yield from _density(kept, data)
    yield from _samples(kept, data)
    yield from _images(kept, data)
    yield from _kept_and_flagged(kept, scores[window], data)
    yield from _pairs(kept, data)
    yield "variance", _variance(scores[window], data)
    yield "roc", figures.roc(curves, auroc, window, false_positive_rate=1 - asked.retained, others=others)
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


def score_counts(kept: JudgedSamples, name: str) -> ScoreCounts:
    """One score of the samples that are in support or hallucinated; even blocks apart from odd ones."""
    clear = kept.clear()
    return count_distinct(clear.scores[name], 2 * (clear.block % 2) + clear.hallucinated)


def short_name(score: str) -> str:
    """What a figure calls a score: a window by its own name."""
    return score.removeprefix(f"{VARIANCE}/")


def threshold_of(scores: ScoreCounts, data: ModeInterpDataModule) -> Threshold:
    """The threshold that even blocks set."""
    return Threshold.of_counts(scores.values, scores.counts[CALIBRATION, IN_SUPPORT], data.generation.retained)


def _density(kept: JudgedSamples, data: ModeInterpDataModule) -> Iterator[tuple[str, Figure]]:
    if isinstance(data, GaussianMixtureDataModule) and data.mixture.dimension == 1:
        mixture = data.mixture
        yield (
            "density",
            figures.density_histogram(
                kept.samples, kept.hallucinated, mixture.log_density, mixture.means, ambiguous=kept.ambiguous
            ),
        )


def _samples(kept: JudgedSamples, data: ModeInterpDataModule) -> Iterator[tuple[str, Figure]]:
    if data.sample_shape == (2,):
        dataset = data.make_dataset("test")
        true_samples = data.to_data_units(dataset[torch.arange(min(len(dataset), NUM_DATA_POINTS))])
        plane = figures.PlaneSamples("", true_samples, kept.samples, kept.hallucinated, kept.ambiguous)
        yield "samples", figures.samples_2d([plane], max_points=NUM_DATA_POINTS)


def is_image(data: ModeInterpDataModule) -> bool:
    """Whether samples can be shown as images: (C, H, W) with one or three channels."""
    return len(data.sample_shape) == 3 and data.sample_shape[0] in (1, 3)


def _images(kept: JudgedSamples, data: ModeInterpDataModule) -> Iterator[tuple[str, Figure]]:
    """Data above generated images, the hallucinated ones in a frame."""
    if is_image(data):
        dataset = data.make_dataset("test")
        true_samples = data.to_data_units(dataset[torch.arange(min(len(dataset), NUM_IMAGES // 2))])
        groups = {
            "data": figures.ImageGroup(true_samples),
            "generated": _group(kept, torch.arange(min(len(kept), NUM_IMAGES))),
        }
        rate = figures.rate_with_interval(kept.num_hallucinated, len(kept))
        yield "samples", figures.image_grid(groups, f"hallucinated {rate}")


def _group(kept: JudgedSamples, rows: Tensor) -> figures.ImageGroup:
    """Chosen images, the hallucinated ones in a frame with their kind below."""
    verdict = kept.verdict[rows]
    kinds = [verdict.kinds[kind] if kind >= 2 else "" for kind in verdict.kind.tolist()]
    return figures.ImageGroup(kept.samples[rows], verdict.hallucinated, kinds)


def _kept_and_flagged(
    kept: JudgedSamples, scores: ScoreCounts, data: ModeInterpDataModule
) -> Iterator[tuple[str, Figure]]:
    """Images on either side of the threshold, the hallucinated ones in a frame."""
    threshold = threshold_of(scores, data)
    if not is_image(data) or not threshold.is_known:
        return
    flagged, groups = threshold.flags(kept.scores[data.generation.score]), {}
    for name, chosen in (("kept", ~flagged), ("flagged", flagged)):
        rows = chosen.nonzero().flatten()[: NUM_IMAGES // 2]
        if len(rows):
            groups[name] = _group(kept, rows)
    yield "kept_and_flagged", figures.image_grid(groups, f"by the variance over {data.generation.window}")


def _pairs(kept: JudgedSamples, data: ModeInterpDataModule) -> Iterator[tuple[str, Figure]]:
    if not isinstance(data, GaussianMixtureDataModule) or data.mixture.dimension != 2:
        return
    metric = data.pair_interpolation()
    if metric is None:
        return
    batch = GeneratedBatch(kept.index, kept.samples, kept.scores, kept.block_size, kept.verdict)
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


def _variance(scores: ScoreCounts, data: ModeInterpDataModule) -> Figure:
    upper_edges = variance_bin_edges()
    in_support, hallucinated = (
        torch.zeros(len(upper_edges), dtype=torch.int64).index_add(0, variance_bins(scores.values), counts)
        for counts in (scores.in_support, scores.hallucinated)
    )
    return figures.variance_histogram(
        torch.cat([torch.zeros(1), upper_edges]),
        in_support,
        hallucinated,
        threshold_of(scores, data).value,
        data.generation.window,
    )
