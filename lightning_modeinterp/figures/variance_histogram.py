"""Histograms of trajectory variance by verdict."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.captions import lie_outside, percent
from lightning_modeinterp.figures.style import (
    BY_VERDICT,
    GUIDE,
    at_least_a_decade,
    legend_below,
    new_figure,
    note,
    tidy,
)


def variance_histogram(
    edges: ArrayLike,
    in_support_counts: ArrayLike,
    hallucinated_counts: ArrayLike,
    threshold: float,
    window_label: str,
    *,
    num_bins: int = 80,
) -> Figure:
    """Draw the histogram of trajectory variance of each class over a logarithmic axis.

    Each class is normalised separately, so a rare class is as tall as a common one; the legend has the counts.
    Samples in an open bin (from 0, or up to infinity) are counted in the axis label and not drawn. The shares in the
    title are read from the bins: they are exact to the width of one fine bin.

    Args:
        edges: Edges of the fine bins, (B + 1,), variance in model units squared; increasing, the first may be 0 and
            the last infinity.
        in_support_counts: (B,), in-support samples in each fine bin.
        hallucinated_counts: (B,), hallucinated samples in each fine bin.
        threshold: Variance above which a sample is removed, model units squared; NaN if there is none.
        window_label: Name of the window that the variance was taken over.
        num_bins: Maximum number of visible bins; fine bins are joined over the occupied range.

    Raises:
        ConfigurationError: Edges are negative or do not increase, or counts do not fit them.
    """
    fine = np.asarray(edges, dtype=float)
    counts = np.stack([np.asarray(in_support_counts), np.asarray(hallucinated_counts)])
    check_counts(fine, counts)

    figure = new_figure(_title(fine, counts, threshold))
    axes = figure.add_subplot()
    draw_variances(axes, fine, counts, BY_VERDICT.names, BY_VERDICT.colours, window_label, num_bins)
    if math.isfinite(threshold):
        axes.axvline(threshold, color=GUIDE, linestyle="--", linewidth=1.2, label=f"threshold {threshold:.2e}")
    legend_below(figure)
    return figure


def rebin(
    edges: NDArray[np.floating], counts: NDArray[np.number], num_bins: int
) -> tuple[NDArray[np.floating], NDArray[np.number]]:
    """Join neighbouring bins over the range where any class has counts; no count is lost.

    Args:
        edges: (B + 1,), increasing.
        counts: (C, B), one row per class.
        num_bins: Maximum number of joined bins.

    Returns:
        The edges (B' + 1,) and counts (C, B') with B' <= num_bins.

    Example:
        >>> rebin(np.arange(7.0), np.array([[0, 1, 2, 3, 4, 0]]), num_bins=2)
        (array([1., 3., 5.]), array([[3, 7]]))
    """
    occupied = np.flatnonzero(counts.sum(axis=0))
    first, last = (int(occupied[0]), int(occupied[-1])) if len(occupied) else (0, counts.shape[1] - 1)
    width = -(-(last - first + 1) // num_bins)
    starts = np.arange(first, last + 1, width)
    end = min(int(starts[-1]) + width, counts.shape[1])
    return edges[np.append(starts, end)], np.add.reduceat(counts, starts, axis=1)


def check_counts(edges: NDArray[np.floating], counts: NDArray[np.number]) -> None:
    """Refuse edges (B + 1,) and counts (C, B) that do not fit together; see `variance_histogram`.

    Raises:
        ConfigurationError: If they do not.
    """
    if edges.ndim != 1 or len(edges) < 4 or edges[0] < 0 or not (np.diff(edges) > 0).all():
        raise ConfigurationError(
            f"expected at least 4 increasing edges >= 0, got shape {edges.shape}, {edges.flat[:3]} ...; "
            "pass variances, not their logarithms"
        )
    if counts.shape[1:] != (len(edges) - 1,):
        raise ConfigurationError(
            f"expected {len(edges) - 1} counts per class for {len(edges)} edges, got shape {counts.shape[1:]}; "
            "if you have upper edges only, add a lower edge of the first bin"
        )


def _is_closed(edges: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which bins, (B,) bool, have two finite ends on a logarithmic axis."""
    return np.asarray((edges[:-1] > 0) & np.isfinite(edges[1:]))


def draw_variances(
    axes: Axes,
    edges: NDArray[np.floating],
    counts: NDArray[np.number],
    names: Sequence[str],
    colours: Sequence[str],
    window_label: str,
    num_bins: int,
) -> None:
    """Draw the histograms of classes (C, B), each normalised separately, and label the axes."""
    closed = np.flatnonzero(_is_closed(edges))
    visible, heights = rebin(edges[closed[0] : closed[-1] + 2], counts[:, closed], num_bins)
    heights = heights / np.maximum(counts.sum(axis=1, keepdims=True), 1) / np.diff(np.log10(visible))
    for height, total, colour, name in zip(heights, counts.sum(axis=1), colours, names, strict=True):
        axes.stairs(height, visible, fill=True, color=colour, alpha=0.45, label=f"{name}, n = {int(total):,}")
        axes.stairs(height, visible, color=colour, linewidth=1.0)
    if not counts.any():
        note(axes, "no samples")
    num_outside = int(counts[:, ~_is_closed(edges)].sum())
    axes.set_xscale("log")
    if (limits := at_least_a_decade(*axes.get_xlim())) != axes.get_xlim():
        axes.set_xlim(limits)
    axes.set_ylim(bottom=0)
    label = f"trajectory variance, {window_label} (model units squared)"
    axes.set_xlabel("; ".join(filter(None, (label, lie_outside(num_outside)))))
    axes.set_ylabel("density (1 / decade)")
    tidy(axes)


def _title(edges: NDArray[np.floating], counts: NDArray[np.number], threshold: float) -> str:
    if math.isnan(threshold):
        return "no threshold: nothing is removed"
    is_removed = edges[1:] > threshold
    kept, removed = (
        float(row[part].sum() / row.sum()) if row.any() else math.nan
        for row, part in zip(counts, (~is_removed, is_removed), strict=True)
    )
    return f"{percent(removed)} of hallucinated removed, {percent(kept)} of in support kept"
