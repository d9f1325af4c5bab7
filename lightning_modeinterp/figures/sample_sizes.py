"""A distance between sets by their size, for samples and for data."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.style import DATA, LEARNED, legend_below, new_figure, tidy


def sample_sizes(sizes: Sequence[int], samples: Sequence[float], floor: Sequence[float], name: str) -> Figure:
    """Draw distances against the number of samples, on logarithmic axes.

    Args:
        sizes: Increasing numbers of samples on each side, at least one.
        samples: Distance of that many samples from data.
        floor: Distance of other data from the same data.
        name: Name of the distance.

    Raises:
        ConfigurationError: If there is no size, or not one distance of each kind per size.
    """
    if not sizes or {len(samples), len(floor)} != {len(sizes)}:
        raise ConfigurationError(
            f"expected a distance of samples and one of data for each size, got {len(sizes)} sizes, {len(samples)} and "
            f"{len(floor)}"
        )
    figure = new_figure(f"{name} {samples[-1]:.3g} for {sizes[-1]:,} samples; {floor[-1]:.3g} for as many data")
    axes = figure.subplots()
    axes.loglog(sizes, samples, "o-", color=LEARNED, label="generated", markersize=4)
    axes.loglog(sizes, floor, "s--", color=DATA, label="other data", markersize=4)
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("samples on each side")
    axes.set_ylabel(f"{name} from data")
    tidy(axes)
    legend_below(figure)
    return figure
