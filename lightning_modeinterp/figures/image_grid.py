"""Images in rows, with frames on hallucinations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.mosaic import Cells, as_shades, check_one_an_image, columns_for
from lightning_modeinterp.figures.style import WIDTH, new_figure

NAME_HEIGHT = 0.24
"""Inches."""


@dataclass(frozen=True)
class ImageGroup:
    """A group of images.

    Args:
        images: (N, C, H, W) with C = 1 or 3, data units.
        flagged: (N,) bool, which of them get a frame; None for none.
        captions: N short texts, one below each image; None for none.
    """

    images: Tensor
    flagged: Tensor | None = None
    captions: Sequence[str] | None = None


def image_grid(groups: Mapping[str, ImageGroup], title: str, *, num_columns: int = 10, white: float = 255.0) -> Figure:
    """Draw groups of images below each other, each under its name.

    Args:
        groups: By name, in reading order; at least one. A name may be empty.
        title: What is shown, in one line.
        num_columns: Images per row.
        white: Value of white, data units; black is 0, and values outside are clipped.

    Raises:
        ConfigurationError: There is no group, a group has no images of one or three channels, there is not
            one flag or caption per image, or there is no column or white.

    References:
        Aithal et al., 2024 (arXiv:2406.09358), figures 1, 6 and 17 to 23.
    """
    if not groups:
        raise ConfigurationError("expected at least one group of images to draw, got none; pass some")
    for group in groups.values():
        check_one_an_image(len(group.images), group.flagged, group.captions)
    shades = {name: as_shades(group.images, white) for name, group in groups.items()}
    num_columns = columns_for(max(map(len, shades.values())), num_columns)
    cells = [
        Cells(len(each), each.shape[1], each.shape[2], num_columns, groups[name].captions is not None)
        for name, each in shades.items()
    ]
    heights = [NAME_HEIGHT + WIDTH * each.size[0] / each.size[1] for each in cells]
    figure = new_figure(title, height=0.35 + sum(heights))
    panels = figure.subplots(len(groups), 1, height_ratios=heights, squeeze=False)
    for axes, each, (name, group) in zip(panels.flat, cells, groups.items(), strict=True):
        axes.imshow(each.lay(shades[name], range(each.number)), interpolation="nearest")
        axes.set_axis_off()
        axes.set_title(name, fontsize=8.5, loc="left", pad=3)
        _annotate(axes, each, group)
    return figure


def _annotate(axes: Axes, cells: Cells, group: ImageGroup) -> None:
    for place in [] if group.flagged is None else group.flagged.nonzero().flatten().tolist():
        cells.frame(axes, place)
    for place, text in enumerate(group.captions or ()):
        cells.caption(axes, place, text)
