"""Shares of all modes over the generations of a recursion, one panel per arm."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.style import new_figure, tidy

Counts = Sequence[Mapping[str, int]]
"""For each generation from the first, samples in support by mode."""

MAX_COLUMNS = 3


def mode_weights(arms: Mapping[str, Counts], title: str) -> Figure:
    """Draw one line per mode: its share of the samples in support at each generation, in percent.

    Colours go from dark to light by the mode's share in the first generation, the same in all panels. A filter that
    costs some modes spreads the lines more than no filter does; so does noise, by about the root of a count.

    Args:
        arms: Counts by arm, at least one; a missing mode has a count of 0.
        title: Title of the figure.

    Raises:
        ConfigurationError: If there is nothing to draw.
    """
    modes = sorted({mode for counts in arms.values() for each in counts for mode in each})
    if not modes or not all(arms.values()):
        raise ConfigurationError("expected counts of modes for each arm, got none")
    columns = min(len(arms), MAX_COLUMNS)
    num_rows = -(-len(arms) // columns)
    figure = new_figure(title, height=2.4 * num_rows + 0.4)
    all_axes = figure.subplots(num_rows, columns, sharex=True, sharey=True, squeeze=False).flatten()
    first = next(iter(arms.values()))[0]
    ranks = {mode: rank for rank, mode in enumerate(sorted(modes, key=lambda mode: first.get(mode, 0)))}
    for axes, (arm, counts) in zip(all_axes, arms.items(), strict=False):
        for mode in modes:
            shares = [100 * each.get(mode, 0) / max(sum(each.values()), 1) for each in counts]
            grey = 0.05 + 0.7 * ranks[mode] / len(modes)
            axes.plot(range(len(counts)), shares, ".-", color=str(grey), linewidth=0.8, markersize=3)
        axes.set_title(arm, fontsize="medium")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylim(bottom=0)
        tidy(axes)
    for axes in all_axes[len(arms) :]:
        axes.remove()
    figure.supxlabel("generation", fontsize="medium")
    figure.supylabel("share of a mode (%)", fontsize="medium")
    return figure
