"""Which modes hallucinations lie between: each pair of modes as a line, coloured by its enrichment over chance."""

import math

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.style import GUIDE, new_figure, tidy

COLOURS = "cividis"
"""A colour map of increasing brightness, which works for the colour-blind and in grey."""


def pair_lines(
    means: Tensor, modes: Tensor, is_diagonal: Tensor, enrichment: Tensor, *, neighbour: float, diagonal: float
) -> Figure:
    """Draw neighbours in one panel and diagonals in another, on one colour scale.

    A pair without an enrichment is left out. The scale ends at the largest one, and at 2 at least.

    Args:
        means: (K, 2) centres of the modes, data units.
        modes: (P, 2) int64, the modes at the ends of each pair.
        is_diagonal: (P,) bool, False for neighbours.
        enrichment: (P,) share of the off-mode samples in the pair's tube over that of uniform points, >= 0 or nan.
        neighbour: Enrichment of all neighbours together, for the title; nan if there is none.
        diagonal: The same for all diagonals.

    Raises:
        ConfigurationError: The modes are not in the plane, or the pairs' shapes do not fit together.
    """
    _check(means, modes, is_diagonal, enrichment)
    centres, values = means.cpu().numpy(), enrichment.cpu().numpy()
    figure = new_figure(
        f"hallucinations over chance: neighbours {_times(neighbour)}, diagonals {_times(diagonal)}", height=3.3
    )
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    scale = Normalize(0, max(2.0, float(np.nanmax(values, initial=2.0))))
    for axes, name, part in zip(panels, ("neighbours", "diagonals"), (~is_diagonal, is_diagonal), strict=True):
        chosen = part.cpu().numpy() & np.isfinite(values)
        lines = LineCollection(list(centres[modes.cpu().numpy()[chosen]]), linewidths=4, cmap=COLOURS, norm=scale)
        lines.set_array(values[chosen])
        axes.add_collection(lines)
        axes.plot(centres[:, 0], centres[:, 1], "o", color=GUIDE, markersize=4)
        axes.set_title(f"{name}, {int(part.sum()):,} pairs", fontsize=9, loc="left")
        axes.set_aspect("equal")
        tidy(axes)
    bar = figure.colorbar(lines, ax=panels, shrink=0.75, pad=0.02)
    bar.set_label("share over chance", fontsize=9)
    bar.ax.tick_params(labelsize=8, color=GUIDE)
    return figure


def _times(enrichment: float) -> str:
    return "n/a" if math.isnan(enrichment) else f"{enrichment:.2f} x"


def _check(means: Tensor, modes: Tensor, is_diagonal: Tensor, enrichment: Tensor) -> None:
    if means.ndim != 2 or means.shape[1] != 2:
        raise ConfigurationError(f"expected means of shape (K, 2), got {tuple(means.shape)}; pass two coordinates")
    num_pairs = len(modes)
    if modes.shape != (num_pairs, 2) or not is_diagonal.shape == enrichment.shape == (num_pairs,):
        raise ConfigurationError(
            f"expected pairs (P, 2) with a kind and an enrichment (P,) each, got {tuple(modes.shape)}, "
            f"{tuple(is_diagonal.shape)} and {tuple(enrichment.shape)}; take all three from one metric"
        )
