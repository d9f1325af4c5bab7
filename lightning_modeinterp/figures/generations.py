"""Numbers over the generations of a recursion, by arm."""

import math
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.style import legend_below, new_figure, tidy

COLOURS = ("#222222", "#E69F00", "#0072B2", "#56B4E9", "#009E73", "#CC79A7", "#D55E00", "#999999")
"""Colours of the arms in order."""

MAX_IN_A_COLUMN = 3
"""With more panels there are two columns."""

Curves = Mapping[str, Sequence[Sequence[float]]]
"""By arm, for each seed its value at each generation, from the first; nan is skipped."""


def generations(panels: Mapping[str, Curves], title: str) -> Figure:
    """Draw one panel per number: a thin line per seed, and a thick one with dots for the mean.

    Args:
        panels: Curves by name; at least one, each with the same arms.
        title: Title of the figure.

    Raises:
        ConfigurationError: If there is nothing to draw, panels differ in their arms, or there are more arms
            than colours.
    """
    arms = list(next(iter(panels.values()), {}))
    if not 1 <= len(arms) <= len(COLOURS) or any(list(curves) != arms for curves in panels.values()):
        raise ConfigurationError(
            f"expected panels of the same 1 to {len(COLOURS)} arms, got {[list(curves) for curves in panels.values()]}"
        )
    columns = 1 if len(panels) <= MAX_IN_A_COLUMN else 2
    rows = math.ceil(len(panels) / columns)
    figure = new_figure(title, height=2.4 * rows + 0.6)
    all_axes = figure.subplots(rows, columns, squeeze=False).flatten()
    for number, (axes, (label, curves)) in enumerate(zip(all_axes, panels.items(), strict=False)):
        for colour, (arm, seeds) in zip(COLOURS, curves.items(), strict=False):
            if len(seeds) > 1:
                for values in seeds:
                    axes.plot(range(len(values)), values, color=colour, linewidth=0.6, alpha=0.5)
            means = [_mean(values) for values in zip(*seeds, strict=True)]
            axes.plot(
                range(len(means)), means, "o-", color=colour, markersize=4, linewidth=1.6, label=None if number else arm
            )
        axes.set_ylabel(label)
        low, high = axes.get_ylim()
        axes.set_ylim(low if axes.dataLim.ymin < 0 else 0, 1.05 * max(high, 1e-12))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if number >= len(panels) - columns:
            axes.set_xlabel("generation")
        tidy(axes)
    for axes in all_axes[len(panels) :]:
        axes.remove()
    legend_below(figure)
    return figure


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return sum(known) / len(known) if known else math.nan
