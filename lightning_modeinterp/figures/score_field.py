"""The learned and the true score in 2D, and their difference, which is largest at the borders between modes."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.captions import ratio
from lightning_modeinterp.figures.style import new_figure

NUM_ARROWS = 17
"""Arrows along each axis."""


def score_field(x: Tensor, learned: Tensor, true: Tensor, modes: Tensor, noise: str, slope_ratio: float) -> Figure:
    """Draw the true score, the learned one, and the learned minus the true one, on one scale.

    The colour is the length, with a scale up to the longest true score; the arrows are the direction. At low noise
    hardly any noised sample lies between modes, so a network learns little about the score there.

    Args:
        x: (H, W, 2) noised points on a regular grid, the first coordinate along W, model units.
        learned: (H, W, 2) score of the model there, 1 / model units.
        true: (H, W, 2) true score there, 1 / model units.
        modes: (K, 2) centres of the noised modes, model units.
        noise: Name of the noise level.
        slope_ratio: Largest slope of the learned score between neighbouring modes over that of the true one.

    Raises:
        ConfigurationError: Shapes do not fit together.
    """
    if x.ndim != 3 or x.shape[2] != 2 or not x.shape == learned.shape == true.shape:
        raise ConfigurationError(
            f"expected x, learned and true of one shape (H, W, 2), got {tuple(x.shape)}, {tuple(learned.shape)} and "
            f"{tuple(true.shape)}; this figure is for two-dimensional data"
        )
    points, model, truth, centres = (each.detach().cpu().double().numpy() for each in (x, learned, true, modes))
    longest = float(np.linalg.norm(truth, axis=2).max())

    figure = new_figure(
        f"noise {noise}: slope of the score between modes, learned over true {ratio(slope_ratio)}", height=2.4
    )
    panels = figure.subplots(1, 3, sharex=True, sharey=True)
    fields = {"true score": truth, "learned score": model, "learned minus true": model - truth}
    for axes, (name, field) in zip(panels, fields.items(), strict=True):
        image = _draw(axes, points, field, longest)
        axes.plot(*centres.T, linestyle="none", marker="o", markersize=3, markerfacecolor="w", markeredgecolor="k")
        axes.set_title(name, fontsize=9, loc="left")
        axes.set_xlabel("first coordinate", fontsize=8)
        axes.tick_params(labelsize=8)
    panels[0].set_ylabel("second coordinate", fontsize=8)
    bar = figure.colorbar(image, ax=panels, shrink=0.8, extend="max")
    bar.set_label("length (1 / model unit)", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    return figure


def _draw(axes: Axes, x: NDArray[np.floating], field: NDArray[np.floating], longest: float) -> AxesImage:
    length = np.linalg.norm(field, axis=2)
    extent = (x[0, 0, 0], x[0, -1, 0], x[0, 0, 1], x[-1, 0, 1])
    image = axes.imshow(length, origin="lower", extent=extent, cmap="cividis", vmin=0, vmax=longest)
    rows, columns = (np.linspace(0, size - 1, NUM_ARROWS + 2).round().astype(int)[1:-1] for size in length.shape)
    chosen = np.ix_(rows, columns)
    with np.errstate(invalid="ignore", divide="ignore"):
        direction = field[chosen] / length[chosen][..., None]
    is_seen = length[chosen] > 0.05 * longest
    axes.quiver(
        *x[chosen][is_seen].T, *direction[is_seen].T, color="white", alpha=0.8, pivot="mid", scale=1.4 * NUM_ARROWS
    )
    return image
