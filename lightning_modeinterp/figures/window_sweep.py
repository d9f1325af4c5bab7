"""How much detection depends on the window that the variance is taken over."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.captions import decimal, percent
from lightning_modeinterp.figures.style import GUIDE, HALLUCINATED, IN_SUPPORT, legend_below, new_figure, tidy


def window_sweep(
    windows: Sequence[str],
    auroc: Sequence[float],
    removed: Sequence[float],
    primary: str,
    *,
    claimed_removed: float | None = 0.95,
) -> Figure:
    """Draw AUROC and the removed share against the window, beside what the paper claims.

    Args:
        windows: Names of the W windows, in the order in which they are drawn.
        auroc: Area under the ROC curve of each window, (W,), in [0, 1]; NaN is skipped.
        removed: Share of the hallucinated samples that is removed while 96 % of those in support are kept, (W,), in
            [0, 1]; NaN is skipped.
        primary: Name of the window that detection uses.
        claimed_removed: Share that the paper claims to remove, in [0, 1]; None draws no line.

    Raises:
        ConfigurationError: Lengths differ, a name stands twice, or ``primary`` is not among the windows.
    """
    _check(windows, auroc, removed, primary)
    chosen = list(windows).index(primary)

    figure = new_figure(
        f"{primary}: {percent(removed[chosen])} of hallucinated removed, AUROC {decimal(auroc[chosen])}"
    )
    axes = figure.add_subplot()
    axes.axvspan(chosen - 0.4, chosen + 0.4, color=GUIDE, alpha=0.12, linewidth=0)
    _draw_series(axes, auroc, IN_SUPPORT, "s", "AUROC")
    _draw_series(axes, removed, HALLUCINATED, "o", "hallucinated removed at 96 % kept")
    if claimed_removed is not None:
        label = f"paper: > {100 * claimed_removed:g} %"
        axes.axhline(claimed_removed, color=GUIDE, linestyle="--", linewidth=1.0, label=label)
    axes.set_xticks(range(len(windows)), windows, rotation=30 if sum(map(len, windows)) > 70 else 0)
    axes.set_xlim(-0.6, len(windows) - 0.4)
    axes.set_ylim(_lower_limit([*auroc, *removed]), 1.02)
    axes.set_xlabel("detection window")
    axes.set_ylabel("rate (0 to 1)")
    tidy(axes)
    legend_below(figure)
    return figure


def _check(windows: Sequence[str], auroc: Sequence[float], removed: Sequence[float], primary: str) -> None:
    lengths = (len(windows), len(auroc), len(removed))
    if len(set(lengths)) > 1:
        raise ConfigurationError(
            f"expected as many AUROCs and removed shares as windows, got {lengths}; pass NaN for gaps"
        )
    if len(set(windows)) < len(windows):
        raise ConfigurationError(f"expected different names for the windows, got {list(windows)}; rename one")
    if primary not in windows:
        raise ConfigurationError(f"expected primary to be one of {list(windows)}, got {primary!r}; pass its numbers")


def _draw_series(axes: Axes, rates: Sequence[float], colour: str, marker: str, label: str) -> None:
    """Draw what is known and join it across gaps: a missing window is missing, not zero."""
    known = np.flatnonzero(np.isfinite(rates))
    axes.plot(
        known, np.asarray(rates, float)[known], color=colour, marker=marker, markersize=5, linewidth=1.4, label=label
    )


def _lower_limit(rates: Sequence[float]) -> float:
    """End the axis at the tenth below the smallest rate, and at 0.8 at the highest so that small gains stay small."""
    known = [rate for rate in rates if np.isfinite(rate)]
    return min(np.floor(10 * (min(known) - 0.02)) / 10, 0.8) if known else 0.0
