"""Points of a 2D embedding such as t-SNE, by group, with some of their images."""

import math
from collections.abc import Iterable, Mapping, Sequence
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
MAX_COLUMNS = 3
THUMBNAIL = 0.2
"""Inches; a little more on a panel that is wide."""


@dataclass(frozen=True)
class EmbeddedPoints:
    """N points of one embedding.

    Args:
        points: (N, 2), finite, any units.
        group: (N,) int64, the group of each point.
        images: (N, C, H, W) with C = 1 or 3, data units, images of the points; None draws points alone.
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

    The legend counts the points per group; if panels differ, for each panel.

    The axes of such an embedding have no meaning and distances between far points have little: a claim about
    neighbours is decided by a number in the space that was embedded.

    Args:
        panels: Embeddings by name, such as one per noise level; at least one.
        groups: Names of the groups, in the order of their numbers; at most five.
        title: What is shown, in one line.
        num_thumbnails: Maximum number of images per panel.
        white: Value of white, data units.

    Raises:
        ConfigurationError: There is no panel, shapes do not fit together, or a group has no name or colour.

    References:
        Aithal et al., 2024 (arXiv:2406.09358), figure 15.
    """
    if not panels or not 1 <= len(groups) <= len(COLOURS):
        raise ConfigurationError(
            f"expected at least one embedding and 1 to {len(COLOURS)} groups, got {len(panels)} and {len(groups)}; "
            "join small groups"
        )
    for each in panels.values():
        _check(each, len(groups))
    num_columns = min(len(panels), MAX_COLUMNS)
    num_rows = math.ceil(len(panels) / num_columns)
    width = WIDTH / num_columns
    figure = new_figure(title, height=0.6 + num_rows * (width + 0.2))
    for i, (name, each) in enumerate(panels.items(), 1):
        axes = figure.add_subplot(num_rows, num_columns, i)
        _draw_points(axes, each, len(groups))
        if each.images is not None:
            _draw_thumbnails(axes, each, each.images, num_thumbnails, white, max(THUMBNAIL, 0.055 * width))
        axes.set_title(name, fontsize=8.5, loc="left")
    for number, group in enumerate(groups):
        label = f"{group}, n = {_count(panels.values(), number)}"
        figure.axes[0].plot([], [], "o", color=COLOURS[number], markersize=5, label=label)
    legend_below(figure)
    return figure


def spread_out(points: Tensor, number: int) -> list[int]:
    """Rows of points by farthest-point sampling, starting with the leftmost.

    Args:
        points: (N, 2), finite.
        number: Number of rows; fewer if there are fewer different points.
    """
    chosen: list[int] = []
    distance = torch.full((len(points),), torch.inf, dtype=points.dtype)
    row = int(points[:, 0].argmin())
    while len(chosen) < number and distance[row] > 0:
        chosen.append(row)
        distance = torch.minimum(distance, (points - points[row]).norm(dim=1))
        row = int(distance.argmax())
    return chosen


def _count(panels: Iterable[EmbeddedPoints], number: int) -> str:
    counts = [f"{int((each.group == number).sum()):,}" for each in panels]
    return counts[0] if len(set(counts)) == 1 else " / ".join(counts)


def _check(each: EmbeddedPoints, num_groups: int) -> None:
    number, group = len(each.points), each.group
    if each.points.ndim != 2 or each.points.shape[1] != 2 or number == 0 or group.shape != (number,):
        raise ConfigurationError(
            f"expected points (N, 2) and groups (N,) with N >= 1, got {tuple(each.points.shape)} and "
            f"{tuple(group.shape)}; pass a group for each point"
        )
    num_stray = int((~each.points.isfinite()).any(dim=1).sum())
    if num_stray:
        raise ConfigurationError(f"expected finite points, got {num_stray} that are not; leave them out")
    if group.is_floating_point() or int(group.min()) < 0 or int(group.max()) >= num_groups:
        raise ConfigurationError(
            f"expected groups as whole numbers from 0 to {num_groups - 1}, one for each name, got {group.dtype} from "
            f"{group.min().item()} to {group.max().item()}; number them in the order of their names"
        )
    if each.images is not None and len(each.images) != number:
        raise ConfigurationError(
            f"expected an image for each of the {number} points, got {len(each.images)}; pass None for points alone"
        )


def _draw_points(axes: Axes, each: EmbeddedPoints, num_groups: int) -> None:
    points, group = each.points.detach().cpu().double(), each.group.cpu()
    for number in range(num_groups):
        own = points[group == number].numpy()
        axes.plot(own[:, 0], own[:, 1], ".", color=COLOURS[number], markersize=4, markeredgewidth=0, alpha=0.8)
    low, high = points.min(dim=0).values, points.max(dim=0).values
    half = 0.65 * float((high - low).max()) or 1.0  # half the extent, and room for thumbnails
    x, y = ((low + high) / 2).tolist()
    axes.set(xlim=(x - half, x + half), ylim=(y - half, y + half), aspect="equal")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[["top", "right", "bottom", "left"]].set_color("0.85")


def _draw_thumbnails(
    axes: Axes, each: EmbeddedPoints, images: Tensor, number: int, white: float, height: float
) -> None:
    points = each.points.detach().cpu().double()
    rows = spread_out(points, number)
    for row, shade in zip(rows, as_shades(images[rows], white) if rows else (), strict=True):
        image = OffsetImage(shade, zoom=72 * height / shade.shape[0], interpolation="nearest")
        frame = {"edgecolor": COLOURS[int(each.group[row])], "linewidth": 1.2}
        axes.add_artist(AnnotationBbox(image, tuple(points[row].tolist()), pad=0.05, bboxprops=frame))
