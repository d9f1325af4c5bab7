"""Detection by all windows of noise levels, as a heat map."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import ArrayLike, NDArray

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.captions import decimal, percent
from lightning_modeinterp.figures.style import GUIDE, HALLUCINATED, new_figure, note

Scale = Callable[[ArrayLike], NDArray[np.floating]]

SHOWN_RATES = (0.0, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
"""Rates that a colour bar may name; colours are evenly spaced in the logarithm of the missed share."""

LINE = "#999999"
"""Colour of the guides, visible on white and on the darkest cells."""

LEAST_MISSED = 1e-3
"""Rates above 1 minus this have one colour."""


@dataclass(frozen=True)
class DataScales:
    """Lengths of the data that noise levels are compared with, model units.

    Args:
        mode_std: Standard deviation of a mode.
        mode_spacing: Distance between nearest modes; None for a single mode.
    """

    mode_std: float
    mode_spacing: float | None


def window_heatmap(
    edges: Sequence[float],
    auroc: ArrayLike,
    removed: ArrayLike,
    scales: DataScales | None,
    chosen: tuple[float, float],
    *,
    paper: tuple[float, float] | None = None,
) -> Figure:
    """Draw AUROC and removed share of every window, with its clean end on the x axis and its noisy end on the y axis.

    The upper axes show the noise in standard deviations of a mode; lines mark one standard deviation and half the
    distance between neighbouring modes. Colours differ as much between 0.99 and 0.999 as between 0.9 and 0.99.

    Args:
        edges: Noise levels sigma / alpha between which the windows lie, (E,), increasing, > 0.
        auroc: AUROC of the window from edge i to edge j, (E, E), in [0, 1]; NaN if there is none.
        removed: (E, E), share of the hallucinated samples that is removed at 96 % kept, in [0, 1] or NaN.
        scales: Lengths to compare the noise with. None for no lines and no upper axes.
        chosen: The window that was chosen, two of the edges.
        paper: The paper's window; its ends need not be edges. None for no mark.

    Raises:
        ConfigurationError: For edges that are not positive and increasing, tables of another size, or a chosen
            window that is not between two edges.
    """
    levels = np.asarray(edges, float)
    tables = [np.asarray(table, float) for table in (auroc, removed)]
    place = _place(levels, tables, chosen)
    best = [float(table[place]) for table in tables]

    figure = new_figure(
        f"noise {chosen[0]:.3g} to {chosen[1]:.3g}: {percent(best[1])} of hallucinated removed, "
        f"AUROC {decimal(best[0])}",
        height=4.0,
    )
    panels = figure.subplots(1, 2, sharey=True)
    for axes, table, title in zip(panels, tables, ("AUROC", "hallucinated removed at 96 % kept"), strict=True):
        _draw_table(figure, axes, levels, table, title)
        _mark(axes, chosen, paper)
        _label(axes, levels)
        if scales is not None:
            _draw_guides(axes, scales)
            _count_in_std(axes, scales.mode_std)
    panels[0].set_ylabel("noisy end, sigma / alpha", fontsize=9)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8, frameon=False, handlelength=1.6)
    return figure


def _place(
    levels: NDArray[np.floating], tables: Sequence[NDArray[np.floating]], chosen: tuple[float, float]
) -> tuple[int, int]:
    """Row and column of the chosen window."""
    size = len(levels)
    if size < 2 or not (levels[0] > 0 and (np.diff(levels) > 0).all()):
        raise ConfigurationError(f"expected at least two increasing edges > 0, got {levels.tolist()}; sort them")
    if any(table.shape != (size, size) for table in tables):
        shapes = [table.shape for table in tables]
        raise ConfigurationError(f"expected a rate for each pair of the {size} edges, got {shapes}; pass NaN for gaps")
    found = [np.flatnonzero(np.isclose(levels, end)) for end in chosen]
    if not all(len(each) for each in found) or found[0][0] >= found[1][0]:
        raise ConfigurationError(f"expected a chosen window between two of the edges, got {chosen}; pass its edges")
    return int(found[0][0]), int(found[1][0])


def _draw_table(
    figure: Figure, axes: Axes, levels: NDArray[np.floating], table: NDArray[np.floating], title: str
) -> None:
    axes.set_title(title, fontsize=9)
    shown = np.ma.masked_invalid(_colour(table).T)
    axes.set(xscale="log", yscale="log")
    if not shown.count():
        note(axes, "nothing was measured")
        return
    mesh = axes.pcolormesh(_around(levels), _around(levels), shown, cmap="viridis", rasterized=True)
    ticks = [rate for rate in SHOWN_RATES if shown.min() <= _colour(rate) <= shown.max()]
    bar = figure.colorbar(mesh, ax=axes, ticks=[float(_colour(rate)) for rate in ticks], shrink=0.9)
    bar.ax.set_yticklabels([f"{rate:g}" for rate in ticks])
    bar.ax.tick_params(labelsize=8, color=GUIDE)
    bar.outline.set_visible(False)


def _colour(rate: ArrayLike) -> NDArray[np.floating]:
    """Evenly spaced in the logarithm of the missed share."""
    missed = np.maximum(1 - np.asarray(rate, float), LEAST_MISSED)
    return np.asarray(-np.log10(missed), float)


def _around(levels: NDArray[np.floating]) -> NDArray[np.floating]:
    """Borders of cells that have the levels in their middle, (E + 1,), on a logarithmic axis."""
    middle = np.sqrt(levels[1:] * levels[:-1])
    return np.concatenate([[levels[0] ** 2 / middle[0]], middle, [levels[-1] ** 2 / middle[-1]]])


def _draw_guides(axes: Axes, scales: DataScales) -> None:
    guides = {"mode std": (scales.mode_std, "--")}
    if scales.mode_spacing is not None:
        guides["half the mode spacing"] = (scales.mode_spacing / 2, ":")
    for label, (level, style) in guides.items():
        axes.axvline(level, color=LINE, linestyle=style, linewidth=1.0, label=label)
        axes.axhline(level, color=LINE, linestyle=style, linewidth=1.0)


def _mark(axes: Axes, chosen: tuple[float, float], paper: tuple[float, float] | None) -> None:
    if paper is not None:
        axes.plot(
            *paper, "s", color="white", markeredgecolor="black", markersize=7, linestyle="", label="paper: last 10"
        )
    axes.plot(*chosen, "o", color=HALLUCINATED, markeredgecolor="white", markersize=8, linestyle="", label="chosen")


def _label(axes: Axes, levels: NDArray[np.floating]) -> None:
    low, high = _around(levels)[[0, -1]]
    axes.set(xlim=(low, high), ylim=(low, high))
    axes.set_xlabel("clean end, sigma / alpha", fontsize=9)
    axes.tick_params(which="both", labelsize=8, color=GUIDE)
    for axis in (axes.xaxis, axes.yaxis):
        _set_ticks(axis, low, high)


def _count_in_std(axes: Axes, mode_std: float) -> None:
    """Add the upper axis."""
    upper = axes.secondary_xaxis("top", functions=_units(mode_std))
    upper.set_xlabel("in mode std", fontsize=8)
    upper.tick_params(which="both", labelsize=8, color=GUIDE)
    low, high = axes.get_xlim()
    _set_ticks(upper.xaxis, low / mode_std, high / mode_std)


def _units(unit: float) -> tuple[Scale, Scale]:
    """Into a unit and back."""
    return lambda x: np.asarray(x, float) / unit, lambda x: np.asarray(x, float) * unit


def _set_ticks(axis: Axis, low: float, high: float) -> None:
    """Ticks at 1, 3, 10, 30, ... and plain numbers."""
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    ticks = [digit * 10.0**decade for decade in decades for digit in (1, 3)]
    axis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())
