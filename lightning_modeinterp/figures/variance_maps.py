"""Where on an image the prediction still moves at the end."""

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.mosaic import PAPER, Cells, as_shades, check_one_an_image
from lightning_modeinterp.figures.style import WIDTH, new_figure

DARKEST = 1e-4
"""Variances below this share of the highest are drawn as it."""


def variance_maps(
    images: Tensor,
    variance: Tensor,
    title: str,
    *,
    flagged: Tensor | None = None,
    num_columns: int = 8,
    white: float = 255.0,
) -> Figure:
    """Draw images above the trajectory variance of each of their pixels, on one logarithmic scale.

    Args:
        images: (N, C, H, W) with C = 1 or 3, data units.
        variance: (N, H, W), or (N, C, H, W), whose mean over channels is drawn; model units squared.
        title: What is shown, in one line.
        flagged: (N,) bool, which images get a frame; None for none.
        num_columns: Images in a row.
        white: Value of white, data units.

    Raises:
        ConfigurationError: Shapes do not fit together.
    """
    shades = as_shades(images, white)
    check_one_an_image("flags", flagged, len(images))
    values = (variance.mean(1) if variance.ndim == 4 else variance).detach().cpu().double().numpy()
    if values.shape != shades.shape[:3]:
        raise ConfigurationError(
            f"expected variances of shape {shades.shape[:3]}, one a pixel, got {tuple(variance.shape)}"
        )
    cells = Cells(len(shades), shades.shape[1], shades.shape[2], min(num_columns, len(shades)))
    height, width = cells.size
    figure = new_figure(title, height=0.7 + 2 * (0.92 * WIDTH * height / width + 0.1))
    above, below = figure.subplots(2, 1)
    above.imshow(cells.lay(shades, PAPER), interpolation="nearest")
    highest = float(np.nanmax(values)) or 1.0
    shown = cells.lay(np.log10(np.clip(values, DARKEST * highest, highest)), np.nan)
    picture = below.imshow(shown, interpolation="nearest", cmap="magma")
    bar = figure.colorbar(picture, ax=[above, below], shrink=0.6, pad=0.01)
    bar.set_label("log10 variance (model units²)", fontsize=7)
    bar.ax.tick_params(labelsize=7)
    for axes in (above, below):
        axes.set_axis_off()
        for place in [] if flagged is None else flagged.nonzero().flatten().tolist():
            cells.frame(axes, place)
    return figure
