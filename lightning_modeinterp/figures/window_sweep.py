"""Detection by the window of the variance."""

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
    others: Sequence[str] = (),
) -> Figure:
    """Draw AUROC and the removed share of each window, with the paper's claim and other scores.

    Args:
        windows: Names of the W windows and other scores in the order of drawing, the windows first.
        auroc: Area under the ROC curve of each window, (W,), in [0, 1]; NaN is skipped.
        removed: Share of the hallucinated samples that is removed while 96 % of those in support are kept, (W,), in
            [0, 1]; NaN is skipped.
        primary: Name of the window that detection uses.
        claimed_removed: Share that the paper claims to remove, in [0, 1]; None draws no line.
        others: Names among them that are not windows; no line joins them.

    Raises:
        ConfigurationError: Lengths differ, a name occurs twice, ``primary`` is not among the windows, or the other
            scores do not come last.
    """
    _check(windows, auroc, removed, primary)
    num_windows = _num_windows(windows, others)
    chosen = list(windows).index(primary)

    figure = new_figure(
        f"{primary}: {percent(removed[chosen])} of hallucinated removed, AUROC {decimal(auroc[chosen])}",
        height=4.2 if others else 3.6,
    )
    axes = figure.add_subplot()
    axes.axvspan(chosen - 0.4, chosen + 0.4, color=GUIDE, alpha=0.12, linewidth=0)
    _draw_series(axes, auroc, num_windows, IN_SUPPORT, "s", "AUROC")
    _draw_series(axes, removed, num_windows, HALLUCINATED, "o", "hallucinated removed at 96 % kept")
    if claimed_removed is not None:
        label = f"paper: > {100 * claimed_removed:g} %"
        axes.axhline(claimed_removed, color=GUIDE, linestyle="--", linewidth=1.0, label=label)
    if others:
        axes.axvline(num_windows - 0.5, color=GUIDE, linewidth=0.8)
    is_crowded = sum(map(len, windows)) > 70
    axes.set_xticks(range(len(windows)), windows, rotation=30 if is_crowded else 0, ha="right" if others else "center")
    axes.set_xlim(-0.6, len(windows) - 0.4)
    axes.set_ylim(_lower_limit([*auroc, *removed]), 1.02)
    axes.set_xlabel("detection window" + (" | other scores" if others else ""))
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


def _num_windows(windows: Sequence[str], others: Sequence[str]) -> int:
    num_windows = len(windows) - len(others)
    if list(windows[num_windows:]) != list(others):
        raise ConfigurationError(
            f"expected the other scores {list(others)} after the windows, got {list(windows)}; put them last"
        )
    return num_windows


def _draw_series(axes: Axes, rates: Sequence[float], num_windows: int, colour: str, marker: str, label: str) -> None:
    """Draw finite rates and join windows across gaps: a missing rate is left out, not zero."""
    known, values = np.flatnonzero(np.isfinite(rates)), np.asarray(rates, float)
    joined, single = known[known < num_windows], known[known >= num_windows]
    axes.plot(joined, values[joined], color=colour, marker=marker, markersize=5, linewidth=1.4, label=label)
    if single.size:
        axes.plot(single, values[single], color=colour, marker=marker, markersize=5, linewidth=0)


def _lower_limit(rates: Sequence[float]) -> float:
    """Lower end of the axis: a tenth below the smallest rate; at most 0.8, so that small gains look small."""
    known = [rate for rate in rates if np.isfinite(rate)]
    return max(min(np.floor(10 * (min(known) - 0.02)) / 10, 0.8), -0.02) if known else 0.0
