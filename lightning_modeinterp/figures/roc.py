"""Receiver operating characteristics of detectors."""

from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import ArrayLike, NDArray

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.captions import decimal, percent
from lightning_modeinterp.figures.style import GUIDE, HALLUCINATED, new_figure, tidy

LINEAR_BELOW = 0.01
"""The false-positive axis is linear from 0 to here and logarithmic above, so that 0 and small rates are visible."""

DASHES: Sequence[tuple[int, tuple[float, ...]]] = [(0, (6, 1.5)), (0, (2.5, 1)), (0, (6, 1.5, 1.5, 1.5))]
"""Line styles of scores that are not windows, in turn."""


def roc(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]],
    auroc: Mapping[str, float],
    primary: str,
    *,
    false_positive_rate: float = 0.04,
    others: Sequence[str] = (),
) -> Figure:
    """Draw receiver operating characteristics, one line per window, the primary one thick, other scores dashed.

    The axis stretches small false-positive rates: the visible area is not the AUROC, which is in the legend.

    Args:
        curves: Name of the window or score to false-positive and true-positive rates, each (P,), in [0, 1],
            increasing from 0 to 1.
        auroc: Name of the window or score to the area under its curve, in [0, 1]; NaN if a class is empty.
        primary: Name of the window that detection uses.
        false_positive_rate: Rate at which the removed share is read. The paper keeps 96 % of the samples in support.
        others: Names of the curves that are not windows; they are drawn dashed.

    Raises:
        ConfigurationError: ``primary`` is not among the curves, or a curve has no AUROC.
    """
    _check(curves, auroc, primary)
    rates = {name: (np.asarray(fpr, float), np.asarray(tpr, float)) for name, (fpr, tpr) in curves.items()}
    removed = _removed_at(false_positive_rate, *rates[primary])
    kept = f"{100 * (1 - false_positive_rate):g} %"

    figure = new_figure(
        f"{primary}: {percent(removed)} of hallucinated removed at {kept} kept, AUROC {decimal(auroc[primary])}",
        height=4.0,
    )
    axes = figure.add_subplot()
    _draw_curves(axes, rates, auroc, primary, others)
    axes.axvline(false_positive_rate, color=GUIDE, linestyle="--", linewidth=1.0, label=f"{kept} kept", zorder=1)
    axes.plot(false_positive_rate, removed, marker="o", color=HALLUCINATED, markersize=6, zorder=5)
    _stretch_small_rates(axes, false_positive_rate)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("false-positive rate (share of in support removed)")
    axes.set_ylabel("true-positive rate (share of hallucinated removed)")
    tidy(axes)
    figure.legend(
        loc="outside right center",
        fontsize=8,
        frameon=False,
        title="AUROC by window" + (" and score" if others else ""),
        title_fontsize=8,
    )
    return figure


def _check(curves: Mapping[str, object], auroc: Mapping[str, float], primary: str) -> None:
    if primary not in curves:
        raise ConfigurationError(f"expected primary to be one of {sorted(curves)}, got {primary!r}; pass its curve")
    missing = sorted(set(curves) - set(auroc))
    if missing:
        raise ConfigurationError(f"expected an AUROC for every curve, got none for {missing}; pass NaN if undefined")


def _removed_at(limit: float, fpr: NDArray[np.floating], tpr: NDArray[np.floating]) -> float:
    """Find the highest true-positive rate that a threshold reaches within the limit; NaN if none does."""
    reached = tpr[fpr <= limit]
    return float(reached.max()) if reached.size else float("nan")


def _draw_curves(
    axes: Axes,
    rates: Mapping[str, tuple[NDArray[np.floating], NDArray[np.floating]]],
    auroc: Mapping[str, float],
    primary: str,
    others: Sequence[str],
) -> None:
    windows = [name for name in rates if name != primary and name not in others]
    shades = dict(zip(windows, colormaps["viridis"](np.linspace(0, 0.8, len(windows))), strict=True))
    shades |= dict(zip(others, colormaps["RdPu"](np.linspace(1, 0.45, len(others))), strict=True))
    styles = dict(zip(others, cycle(DASHES), strict=False))
    for name, (fpr, tpr) in rates.items():
        is_primary = name == primary
        axes.plot(
            fpr,
            tpr,
            color=HALLUCINATED if is_primary else shades[name],
            linewidth=2.0 if is_primary else 1.0,
            linestyle=styles.get(name, "-"),
            zorder=4 if is_primary else 2,
            label=f"{name}: {decimal(auroc[name])}",
        )
    chance = np.linspace(0, 1, 400)
    axes.plot(chance, chance, color=GUIDE, linestyle=":", linewidth=1.0, label="chance")


def _stretch_small_rates(axes: Axes, marked: float) -> None:
    axes.set_xscale("symlog", linthresh=LINEAR_BELOW, linscale=0.5)
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_locator(FixedLocator(sorted({0.0, LINEAR_BELOW, marked, 0.1, 1.0})))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
