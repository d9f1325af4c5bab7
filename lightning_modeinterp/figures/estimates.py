"""Measurements of seeds, their mean and its interval, with the bound of a claim."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, Locator, LogLocator, MaxNLocator, NullFormatter

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.style import GUIDE, HALLUCINATED, IN_SUPPORT, LEARNED, new_figure, tidy

ROW_HEIGHT = 0.5
COLOURS = {"holds": IN_SUPPORT, "fails": HALLUCINATED}


@dataclass(frozen=True)
class EstimateRow:
    """One measured question.

    Args:
        question: The measured quantity.
        values: Number of each seed; nan if there is none.
        mean: Mean of the seeds.
        low: Lower end of the interval; nan if there is none.
        high: Its upper end.
        side: The claimed side, ``above`` or ``below`` the bound.
        bound: The bound of the verdict.
        verdict: ``holds``, ``fails`` or anything else.
        is_ratio: Whether the axis is logarithmic.
    """

    question: str
    values: Sequence[float]
    mean: float
    low: float
    high: float
    side: str
    bound: float
    verdict: str
    is_ratio: bool = False


def estimates(rows: Sequence[EstimateRow], title: str) -> Figure:
    """Draw one line per question: a dot per seed, the mean with its interval, the bound. Ratios have their own axis.

    Args:
        rows: At least one.
        title: What is decided, in one line.

    Raises:
        ConfigurationError: There is no row.
    """
    groups = [group for is_ratio in (True, False) if (group := [row for row in rows if row.is_ratio == is_ratio])]
    if not groups:
        raise ConfigurationError("expected at least one row to draw, got none")
    figure = new_figure(title, height=0.9 * len(groups) + ROW_HEIGHT * len(rows))
    panels = figure.subplots(len(groups), 1, height_ratios=[len(group) + 1 for group in groups], squeeze=False)
    for axes, group in zip(panels.flat, groups, strict=True):
        _draw(axes, group)
    return figure


def _label(row: EstimateRow) -> str:
    return f"{row.question}\nclaimed {row.side} {row.bound:g}: {row.verdict}"


def _scale_of_ratios(axes: Axes) -> None:
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(_ticks_of_ratios(high / low))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{ratio:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _ticks_of_ratios(span: float) -> Locator:
    if span < 2.5:
        return MaxNLocator(5)
    return LogLocator(subs=(1.0, 2.0, 5.0) if span < 30 else (1.0,))


def _draw(axes: Axes, rows: Sequence[EstimateRow]) -> None:
    for place, row in enumerate(rows):
        colour = COLOURS.get(row.verdict, LEARNED)
        seen = [value for value in row.values if math.isfinite(value)]
        axes.plot(seen, [place + 0.16] * len(seen), "o", color=GUIDE, markersize=3.2, markeredgewidth=0, alpha=0.6)
        if math.isfinite(row.low) and math.isfinite(row.high):
            axes.plot([row.low, row.high], [place, place], color=colour, linewidth=2.4, solid_capstyle="butt")
        if math.isfinite(row.mean):
            axes.plot(row.mean, place, "D", color=colour, markersize=5)
        axes.plot([row.bound, row.bound], [place - 0.34, place + 0.34], color="black", linewidth=1.1, linestyle="--")
    if rows[0].is_ratio:
        _scale_of_ratios(axes)
    axes.set_yticks(range(len(rows)), list(map(_label, rows)), fontsize=7.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel("ratio" if rows[0].is_ratio else "value")
    tidy(axes)
    axes.tick_params(axis="y", labelsize=7.5)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color="0.92", linewidth=0.6)
