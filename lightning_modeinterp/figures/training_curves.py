"""Rate of hallucinations, and the share that the detector removes, during training."""

import math
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.captions import percent
from lightning_modeinterp.figures.style import GUIDE, HALLUCINATED, legend_below, new_figure, tidy

COLOURS = ("#0072B2", "#009E73", "#E69F00", "#CC79A7", "#56B4E9", "#222222")
"""Colours of the windows in order."""


def training_curves(
    updates: Sequence[int],
    rates: Sequence[tuple[float, float, float]],
    removed: Mapping[str, Sequence[float]],
    *,
    claimed: float | None = 0.95,
) -> Figure:
    """Draw the rate of hallucinations with its interval, and below it the share removed by several windows.

    Args:
        updates: Optimiser steps at each of L measurements, increasing, L >= 1.
        rates: Rate of hallucinations with the ends of its interval, (L, 3), in [0, 1].
        removed: Share of the hallucinations that each window removes, (L,) each, in [0, 1]; NaN is skipped.
        claimed: Share that the paper claims; None draws no line.

    Raises:
        ConfigurationError: There is no measurement or window, lengths differ, or there are more windows than colours.
    """
    lengths = {len(updates), len(rates), *map(len, removed.values())}
    if len(lengths) != 1 or not updates or not 1 <= len(removed) <= len(COLOURS):
        raise ConfigurationError(
            f"expected as many rates and removed shares as updates, at least one, for 1 to {len(COLOURS)} windows, got "
            f"lengths {sorted(lengths)} and {len(removed)} windows"
        )
    last = f"after {updates[-1]:,} updates {percent(rates[-1][0])} hallucinated"
    figure = new_figure(last, height=5.2)
    above, below = figure.subplots(2, 1, sharex=True)
    low, high = ([max(rate[end], 1e-6) for rate in rates] for end in (1, 2))
    above.fill_between(updates, low, high, color=HALLUCINATED, alpha=0.25, linewidth=0)
    above.plot(updates, [max(rate[0], 1e-6) for rate in rates], "o-", color=HALLUCINATED, markersize=4, linewidth=1.4)
    above.set_yscale("log")
    above.set_ylabel("hallucination rate [95 %]")
    for colour, (window, shares) in zip(COLOURS, removed.items(), strict=False):
        known = [(at, each) for at, each in zip(updates, shares, strict=True) if math.isfinite(each)]
        below.plot(*zip(*known, strict=True), "o-", color=colour, markersize=4, linewidth=1.4, label=window)
    if claimed is not None:
        label = f"paper: > {100 * claimed:g} %"
        below.axhline(claimed, color=GUIDE, linestyle="--", linewidth=1.0, label=label)
    below.set_ylim(-0.02, 1.02)
    below.set_ylabel("removed at 96 % kept")
    below.set_xlabel("updates")
    tidy(above)
    tidy(below)
    legend_below(figure)
    return figure
