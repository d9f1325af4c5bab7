"""Images in rows, hallucinated ones in a frame."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.mosaic import PAPER, Cells, as_shades, check_one_an_image
from lightning_modeinterp.figures.style import WIDTH, new_figure

NAME_HEIGHT = 0.24
"""Inches."""


@dataclass(frozen=True)
class ImageGroup:
    """Images that stand together.

    Args:
        images: (N, C, H, W) with C = 1 or 3, data units.
        flagged: (N,) bool, which of them get a frame; None for none.
    """

    images: Tensor
    flagged: Tensor | None = None


def image_grid(groups: Mapping[str, ImageGroup], title: str, *, num_columns: int = 10, white: float = 255.0) -> Figure:
    """Draw groups of images below each other, each under its name.

    Args:
        groups: By name, in reading order; at least one. A name may be empty.
        title: What is shown, in one line.
        num_columns: Images in a row.
        white: Value of white, data units; black is 0, and what lies beyond is clipped.

    Raises:
        ConfigurationError: There is no group, a group has no images of one or three channels, or flags are not one an
            image.

    References:
        Aithal et al., 2024 (arXiv:2406.09358), figures 1, 6 and 17 to 23.
    """
    if not groups:
        raise ConfigurationError("expected at least one group of images to draw, got none")
    shades = {name: as_shades(group.images, white) for name, group in groups.items()}
    num_columns = min(num_columns, max(map(len, shades.values())))
    cells = [Cells(len(each), each.shape[1], each.shape[2], num_columns) for each in shades.values()]
    heights = [NAME_HEIGHT + WIDTH * each.size[0] / each.size[1] for each in cells]
    figure = new_figure(title, height=0.35 + sum(heights))
    panels = figure.subplots(len(groups), 1, height_ratios=heights, squeeze=False)
    for axes, each, (name, group) in zip(panels.flat, cells, groups.items(), strict=True):
        check_one_an_image("flags", group.flagged, len(group.images))
        _draw(axes, each, shades[name], group.flagged)
        axes.set_title(name, fontsize=8.5, loc="left", pad=3)
    return figure


def _draw(axes: Axes, cells: Cells, shades: NDArray[np.floating], flagged: Tensor | None) -> None:
    axes.imshow(cells.lay(shades, PAPER), interpolation="nearest")
    axes.set_axis_off()
    if flagged is not None:
        for place in flagged.nonzero().flatten().tolist():
            cells.frame(axes, place)
