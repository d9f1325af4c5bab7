"""Figures of kept samples for any data; a data module adds its own."""

from collections.abc import Iterator, Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from lightning_modeinterp import figures
from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.data.sample_figures import NUM_IMAGES, image_group
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
from lightning_modeinterp.sample_store.export import is_image
from lightning_modeinterp.threshold import Threshold, as_suspicion


def progress_figures(drawn: GeneratedBatch, data: ModeInterpDataModule) -> Iterator[tuple[str, Figure]]:
    """Names and figures of what changes during a fit: the samples and their variance.

    Args:
        drawn: At least one sample; none has diverged.
        data: The data module.
    """
    yield from data.sample_figures(drawn)
    if drawn.verdict is None:
        yield "variance", _variance_spread(drawn, data)
        yield from _sorted_by_variance(drawn, data)
    else:
        yield "variance", _variance(score_counts(JudgedSamples.of([drawn]), data.generation.score), data)


def all_figures(drawn: GeneratedBatch, data: ModeInterpDataModule) -> Iterator[tuple[str, Figure]]:
    """Names and figures of a test: also how well every window and further score detects, if samples are judged.

    Args:
        drawn: At least one sample; none has diverged.
        data: The data module.
    """
    yield from progress_figures(drawn, data)
    yield from data.test_figures(drawn)
    if drawn.verdict is not None:
        yield from _sorted_by_variance(drawn, data)
        yield from _detection(JudgedSamples.of([drawn]), drawn, data)


def trajectory_figure(
    x_0_hat: Tensor,
    is_second: Tensor,
    steps_left: Sequence[int],
    window: tuple[int, int],
    data: ModeInterpDataModule,
    sides: figures.Sides,
) -> Figure:
    """Draw recorded x_0_hat (S, N, *sample_shape): paths in the plane for 2D data, else curves over the steps."""
    if data.sample_shape != (2,):
        return figures.predicted_trajectories(x_0_hat, is_second, steps_left, window, sides=sides)
    return figures.predicted_paths(x_0_hat, is_second, steps_left, window, data.landmarks(), sides=sides)


def score_counts(kept: JudgedSamples, name: str) -> ScoreCounts:
    """One score of the samples that are in support or hallucinated, with even and odd blocks separate."""
    clear = kept.clear()
    return count_distinct(clear.scores[name], 2 * (clear.block % 2) + clear.hallucinated)


def short_name(score: str) -> str:
    """The name of a score in figures: for a variance, that of its window."""
    return score.removeprefix(f"{VARIANCE}/")


def threshold_of(scores: ScoreCounts, data: ModeInterpDataModule) -> Threshold:
    """The threshold that even blocks set."""
    return Threshold.of_counts(scores.values, scores.counts[CALIBRATION, IN_SUPPORT], data.generation.retained)


def _detection(kept: JudgedSamples, drawn: GeneratedBatch, data: ModeInterpDataModule) -> Iterator[tuple[str, Figure]]:
    asked = data.generation
    scores = {short_name(name): score_counts(kept, name) for name in asked.score_names}
    window, others = asked.window, asked.score_names[len(asked.windows) :]
    auroc = {name: auroc_from_counts(each.in_support, each.hallucinated).item() for name, each in scores.items()}
    curves = {name: roc_from_counts(each.in_support, each.hallucinated) for name, each in scores.items()}
    removed = [float(filter_rates(each, asked.retained)[removed_name(asked.retained)]) for each in scores.values()]
    yield from _kept_and_flagged(drawn, threshold_of(scores[window], data), data)
    yield "roc", figures.roc(curves, auroc, window, false_positive_rate=1 - asked.retained, others=others)
    yield "windows", figures.window_sweep(list(scores), list(auroc.values()), removed, window, others=others)


def _sorted_by_variance(drawn: GeneratedBatch, data: ModeInterpDataModule) -> Iterator[tuple[str, Figure]]:
    """Images sorted by variance, or the positions of such samples in 1D and 2D."""
    window, variance = data.generation.window, drawn.score(data.generation.score)
    hallucinated = drawn.verdict.hallucinated if drawn.verdict else None
    if is_image(drawn.samples):
        yield "sorted_by_variance", _sorted_images(drawn, variance, window)
    elif drawn.samples.shape[1:] == (1,):
        yield "sorted_by_variance", figures.variance_on_line(drawn.samples, variance, window, hallucinated)
    elif drawn.samples.shape[1:] == (2,):
        yield "sorted_by_variance", figures.variance_in_plane(drawn.samples, variance, window, hallucinated)


def _sorted_images(drawn: GeneratedBatch, variance: Tensor, window: str) -> Figure:
    """Both ends of the order, with the variance below each image and frames on hallucinations; all if there are few."""
    order = as_suspicion(variance).argsort(descending=True, stable=True)
    half = NUM_IMAGES // 2
    ends = {"highest variance first": order}
    if len(order) > NUM_IMAGES:
        ends = {"highest variance first": order[:half], "lowest variance last": order[-half:]}
    groups = {
        name: figures.ImageGroup(
            drawn.samples[rows],
            drawn.verdict.hallucinated[rows] if drawn.verdict else None,
            list(map(figures.power, variance[rows].tolist())),
        )
        for name, rows in ends.items()
    }
    framed = "; hallucinated framed" if drawn.verdict else ""
    return figures.image_grid(groups, f"by the variance over {window} (below), of {len(order):,} samples{framed}")


def _kept_and_flagged(
    drawn: GeneratedBatch, threshold: Threshold, data: ModeInterpDataModule
) -> Iterator[tuple[str, Figure]]:
    """Images on either side of the threshold, the hallucinated ones in a frame."""
    if not is_image(drawn.samples) or not threshold.is_known:
        return
    flagged, groups = threshold.flags(drawn.score(data.generation.score)), {}
    for name, chosen in (("kept", ~flagged), ("flagged", flagged)):
        rows = chosen.nonzero().flatten()[: NUM_IMAGES // 2]
        if len(rows):
            groups[name] = image_group(drawn[rows])
    yield "kept_and_flagged", figures.image_grid(groups, f"by the variance over {data.generation.window}")


def _variance(scores: ScoreCounts, data: ModeInterpDataModule) -> Figure:
    in_support, hallucinated = (_binned(scores.values, counts) for counts in (scores.in_support, scores.hallucinated))
    threshold = threshold_of(scores, data).value
    return figures.variance_histogram(_edges(), in_support, hallucinated, threshold, data.generation.window)


def _variance_spread(drawn: GeneratedBatch, data: ModeInterpDataModule) -> Figure:
    values = as_suspicion(drawn.score(data.generation.score))
    counts = _binned(values, torch.ones(len(values), dtype=torch.int64))
    return figures.variance_spread(_edges(), counts, data.generation.window)


def _edges() -> Tensor:
    return torch.cat([torch.zeros(1), variance_bin_edges()])


def _binned(values: Tensor, counts: Tensor) -> Tensor:
    """Counts (B,) of the fine bins from those (V,) of values."""
    bins = variance_bins(values)
    return torch.zeros(len(variance_bin_edges()), dtype=torch.int64).index_add(0, bins, counts)
