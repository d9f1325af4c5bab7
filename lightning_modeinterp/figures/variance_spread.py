"""Distribution of the trajectory variance of all samples, without verdicts."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from lightning_modeinterp.figures.captions import power
from lightning_modeinterp.figures.style import GUIDE, UNJUDGED, legend_below, new_figure
from lightning_modeinterp.figures.variance_histogram import check_counts, draw_variances

QUANTILES = (0.5, 0.96)
"""The median, and the share of in-support samples that the paper keeps."""


def variance_spread(edges: ArrayLike, counts: ArrayLike, window_label: str, *, num_bins: int = 80) -> Figure:
    """Draw the histogram of trajectory variance over a logarithmic axis, with the quantiles in the title.

    Samples in an open bin (from 0, or up to infinity) are counted in the axis label and not drawn. It cannot tell
    whether samples of high variance are hallucinations.

    Args:
        edges: Edges of the fine bins, (B + 1,), variance in model units squared; increasing, the first may be 0 and
            the last infinity.
        counts: Samples of each fine bin, (B,).
        window_label: Name of the window that the variance was taken over.
        num_bins: Maximum number of visible bins; fine bins are joined over the occupied range.

    Raises:
        ConfigurationError: Edges are negative or do not increase, or counts do not fit them.
    """
    fine, row = np.asarray(edges, dtype=float), np.asarray(counts)[None]
    check_counts(fine, row)
    middle, upper = (_quantile(fine, row[0], share) for share in QUANTILES)
    figure = new_figure(f"variance: half of the samples up to {power(middle)}, 96 % up to {power(upper)}")
    axes = figure.add_subplot()
    draw_variances(axes, fine, row, ("generated",), (UNJUDGED,), window_label, num_bins)
    for value, style, name in ((middle, ":", "half"), (upper, "--", "96 %")):
        if np.isfinite(value) and value > 0:
            axes.axvline(value, color=GUIDE, linestyle=style, linewidth=1.2, label=f"{name} up to here")
    legend_below(figure)
    return figure


def _quantile(edges: NDArray[np.floating], counts: NDArray[np.number], share: float) -> float:
    """Upper edge of the bin in which a share of the samples is reached; nan without samples."""
    total = counts.sum()
    return float(edges[1:][np.searchsorted(counts.cumsum(), share * total)]) if total else float("nan")
