"""Points of a 2D embedding such as t-SNE, by group, with some of the images that they stand for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.mosaic import as_shades
from lightning_modeinterp.figures.style import (
    AMBIGUOUS,
    DATA,
    HALLUCINATED,
    IN_SUPPORT,
    LEARNED,
    WIDTH,
    legend_below,
    new_figure,
)

COLOURS = (IN_SUPPORT, DATA, HALLUCINATED, LEARNED, AMBIGUOUS)
THUMBNAIL = 0.2
"""Inches."""


@dataclass(frozen=True)
class EmbeddedPoints:
    """N points of one embedding.

    Args:
        points: (N, 2), any units.
        group: (N,) int64, the group of each point.
        images: (N, C, H, W), data units, what the points stand for; None draws points alone.
    """

    points: Tensor
    group: Tensor
    images: Tensor | None = None


def embedding(
    panels: Mapping[str, EmbeddedPoints],
    groups: Sequence[str],
    title: str,
    *,
    num_thumbnails: int = 12,
    white: float = 255.0,
) -> Figure:
    """Draw embeddings side by side, points coloured by group, with images spread over the plane.

    The axes of such an embedding have no meaning and distances between far points have little: a claim about
    neighbours is decided by a number in the space that was embedded.

    Args:
        panels: Embeddings by name, such as a noise level each; at least one.
        groups: Names of the groups, in the order of their numbers; at most five.
        title: What is shown, in one line.
        num_thumbnails: Images on a panel at most.
        white: Value of white, data units.

    Raises:
        ConfigurationError: There is no panel, shapes do not fit together, or a group has no name or colour.

    References:
        Aithal et al., 2024 (arXiv:2406.09358), figure 15.
    """
    if not panels or not 1 <= len(groups) <= len(COLOURS):
        raise ConfigurationError(
            f"expected at least one embedding and 1 to {len(COLOURS)} groups, got {len(panels)} and {len(groups)}"
        )
    for each in panels.values():
        _check(each, len(groups))
    width = WIDTH / len(panels)
    figure = new_figure(title, height=0.8 + max(width, WIDTH / 3))
    for axes, (name, each) in zip(figure.subplots(1, len(panels), squeeze=False).flat, panels.items(), strict=True):
        _draw(axes, each, groups, num_thumbnails, white)
        axes.set_title(name, fontsize=8.5, loc="left")
        if axes is figure.axes[0]:
            for number, group in enumerate(groups):
                count = int((each.group == number).sum())
                axes.plot([], [], "o", color=COLOURS[number], markersize=5, label=f"{group}, n = {count:,}")
    legend_below(figure)
    return figure


def spread_out(points: Tensor, number: int) -> list[int]:
    """Rows that lie as far from each other as can be, one after the other, from the leftmost on.

    Args:
        points: (N, 2).
        number: How many, at most N.
    """
    chosen = [int(points[:, 0].argmin())]
    distance = (points - points[chosen[0]]).norm(dim=1)
    while len(chosen) < min(number, len(points)):
        chosen.append(int(distance.argmax()))
        distance = torch.minimum(distance, (points - points[chosen[-1]]).norm(dim=1))
    return chosen


def _check(each: EmbeddedPoints, num_groups: int) -> None:
    number = len(each.points)
    if each.points.ndim != 2 or each.points.shape[1] != 2 or number == 0 or each.group.shape != (number,):
        raise ConfigurationError(
            f"expected points (N, 2) and groups (N,) with N >= 1, got {tuple(each.points.shape)} and "
            f"{tuple(each.group.shape)}"
        )
    if int(each.group.min()) < 0 or int(each.group.max()) >= num_groups:
        raise ConfigurationError(
            f"expected groups from 0 to {num_groups - 1}, one for each name, got {int(each.group.min())} to "
            f"{int(each.group.max())}"
        )
    if each.images is not None and len(each.images) != number:
        raise ConfigurationError(f"expected an image for each of the {number} points, got {len(each.images)}")


def _draw(axes: Axes, each: EmbeddedPoints, groups: Sequence[str], num_thumbnails: int, white: float) -> None:
    points = each.points.detach().cpu().double()
    for number in range(len(groups)):
        own = points[each.group == number].numpy()
        axes.plot(own[:, 0], own[:, 1], ".", color=COLOURS[number], markersize=4, markeredgewidth=0, alpha=0.8)
    axes.margins(0.12)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[["top", "right", "bottom", "left"]].set_color("0.85")
    if each.images is None:
        return
    rows = spread_out(points, num_thumbnails)
    for row, shade in zip(rows, as_shades(each.images[rows], white), strict=True):
        image = OffsetImage(shade, zoom=72 * THUMBNAIL / shade.shape[0], interpolation="nearest")
        frame = {"edgecolor": COLOURS[int(each.group[row])], "linewidth": 1.2}
        axes.add_artist(AnnotationBbox(image, tuple(points[row].tolist()), pad=0.05, bboxprops=frame))
