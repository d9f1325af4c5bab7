"""Maps of the trajectory variance per pixel."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.mosaic import Cells, as_shades, check_one_an_image, columns_for
from lightning_modeinterp.figures.style import GUIDE, WIDTH, new_figure

DARKEST = 1e-4
"""Variances below this share of the highest have the darkest colour."""

UNKNOWN = "0.5"
"""Grey for values that are not finite, as in images."""


def variance_maps(
    images: Tensor,
    variance: Tensor,
    title: str,
    *,
    flagged: Tensor | None = None,
    captions: Sequence[str] | None = None,
    num_columns: int = 8,
    white: float = 255.0,
) -> Figure:
    """Draw images, each above the trajectory variance of its pixels, on one logarithmic scale.

    Variances that are not finite, as of a diverged sample, are grey and do not affect the scale.

    Args:
        images: (N, C, H, W) with C = 1 or 3, data units.
        variance: (N, H, W), or (N, C, H, W), whose mean over channels is drawn; model units squared.
        title: What is shown, in one line.
        flagged: (N,) bool, which images get a frame; None for none.
        captions: N short texts, one below each image; None for none.
        num_columns: Images per row.
        white: Value of white, data units.

    Raises:
        ConfigurationError: Shapes do not fit together, or there is no column or white.
    """
    shades = as_shades(images, white)
    check_one_an_image(len(images), flagged, captions)
    values = (variance.mean(1) if variance.ndim == 4 else variance).detach().cpu().double().numpy()
    if values.shape != shades.shape[:3]:
        raise ConfigurationError(
            f"expected variances of shape {shades.shape[:3]}, one per pixel, got {tuple(variance.shape)}; "
            "pass those of the same images"
        )
    num_columns = columns_for(len(shades), num_columns)
    above = [2 * place - place % num_columns for place in range(len(shades))]
    below = [place + num_columns for place in above]
    num_places = 2 * num_columns * math.ceil(len(shades) / num_columns)
    cells = Cells(num_places, shades.shape[1], shades.shape[2], num_columns, captions is not None)
    colours = _colours(values)
    pairs = np.concatenate([shades, _draw(values, colours)])

    figure = new_figure(title, height=0.4 + 0.88 * WIDTH * cells.size[0] / cells.size[1])
    axes = figure.add_subplot()
    axes.imshow(cells.lay(pairs, above + below), interpolation="nearest")
    axes.set_axis_off()
    for place in [] if flagged is None else flagged.nonzero().flatten().tolist():
        cells.frame(axes, above[place])
        cells.frame(axes, below[place])
    for place, text in zip(above, captions or (), strict=False):
        cells.caption(axes, place, text)
    bar = figure.colorbar(colours, ax=axes, shrink=min(1.0, 2.2 / figure.get_figheight()), pad=0.01, extend="min")
    bar.set_label(r"variance of $\hat{x}_0$ (model units squared)", fontsize=7)
    bar.ax.tick_params(labelsize=7, color=GUIDE)
    return figure


def _colours(values: NDArray[np.floating]) -> ScalarMappable:
    """One logarithmic scale up to the highest finite variance."""
    highest = float(values.max(initial=0.0, where=np.isfinite(values))) or 1.0
    palette = colormaps["magma"].with_extremes(bad=UNKNOWN)
    return ScalarMappable(LogNorm(DARKEST * highest, highest, clip=True), palette)


def _draw(values: NDArray[np.floating], colours: ScalarMappable) -> NDArray[np.floating]:
    """Colours (N, H, W, 3) of variances (N, H, W)."""
    flat = colours.to_rgba(np.ma.masked_invalid(values.ravel()))  # of three axes it would take the last for colours
    return np.asarray(flat[:, :3]).reshape(*values.shape, 3)
