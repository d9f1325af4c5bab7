"""Numbers over the generations of a recursion, by arm."""

import math
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.style import legend_below, new_figure, tidy

COLOURS = ("#222222", "#E69F00", "#0072B2", "#56B4E9", "#009E73", "#CC79A7", "#D55E00", "#999999")
"""Colours of the arms in order."""

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
    figure = new_figure(title, height=2.4 * len(panels) + 0.6)
    all_axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for number, (axes, (label, curves)) in enumerate(zip(all_axes, panels.items(), strict=True)):
        for colour, (arm, seeds) in zip(COLOURS, curves.items(), strict=False):
            if len(seeds) > 1:
                for values in seeds:
                    axes.plot(range(len(values)), values, color=colour, linewidth=0.6, alpha=0.5)
            means = [_mean(values) for values in zip(*seeds, strict=True)]
            axes.plot(
                range(len(means)), means, "o-", color=colour, markersize=4, linewidth=1.6, label=None if number else arm
            )
        axes.set_ylabel(label)
        axes.set_ylim(0, 1.05 * max(axes.get_ylim()[1], 1e-12))
        tidy(axes)
    all_axes[-1].set_xlabel("generation")
    all_axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    legend_below(figure)
    return figure


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return sum(known) / len(known) if known else math.nan
