"""Distance from data by the share of samples that a filter keeps."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.style import (
    DATA,
    GUIDE,
    HALLUCINATED,
    IN_SUPPORT,
    LEARNED,
    UNJUDGED,
    legend_below,
    new_figure,
    tidy,
)

COLOURS = (IN_SUPPORT, HALLUCINATED, LEARNED, UNJUDGED)


def kept_shares(
    shares: Sequence[float],
    by_score: Mapping[str, Sequence[float]],
    by_chance: Sequence[Sequence[float]],
    floor: Sequence[float],
    name: str,
) -> Figure:
    """Draw one line per score, a band of random choices, and the distance of as many other data.

    Args:
        shares: Decreasing shares of the samples, at least one.
        by_score: For each score, a distance per share; one to four scores.
        by_chance: For each share, the distances of several random choices.
        floor: Distance of as many other data.
        name: Name of the distance.

    Raises:
        ConfigurationError: If there is not one distance of each for each share, or too many scores.
    """
    lengths = {len(values) for values in (*by_score.values(), by_chance, floor)}
    if not shares or lengths != {len(shares)} or not 1 <= len(by_score) <= len(COLOURS):
        raise ConfigurationError(
            f"expected one distance for each of some shares by one to {len(COLOURS)} scores, got {len(shares)} shares, "
            f"{len(by_score)} scores and {sorted(lengths)} distances"
        )
    figure = new_figure(f"{name} of the samples that are kept, at equal sizes")
    axes = figure.subplots()
    low, high = [min(values) for values in by_chance], [max(values) for values in by_chance]
    axes.fill_between(shares, low, high, color=GUIDE, alpha=0.25, linewidth=0, label=f"{len(by_chance[0])} at random")
    for colour, (score, values) in zip(COLOURS, by_score.items(), strict=False):
        axes.plot(shares, values, "o-", color=colour, markersize=4, label=f"lowest {score}")
    axes.plot(shares, floor, "s--", color=DATA, markersize=3, label="other data")
    axes.set_xlim(max(shares) + 0.01, min(shares) - 0.01)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_xlabel("share of the samples that is kept")
    axes.set_ylabel(f"{name} from data")
    tidy(axes)
    legend_below(figure)
    return figure
