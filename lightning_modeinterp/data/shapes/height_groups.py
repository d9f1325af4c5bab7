"""Images with a square high, low, or both; no training image has both, but many have one.

A network's features of the third group, compared with the first two, show where it places such images. Two more groups
are controls: a square with another shape (as many shapes as a double, in the data), and a single square in the middle
rows.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from lightning_modeinterp.data.shapes.distribution import PENTAGON, SQUARE, TRIANGLE, PlacedShapes, SimpleShapes

HIGH, LOW, TWO, OTHER, MIDDLE = range(5)
HEIGHT_GROUPS = (
    "one square high",
    "one square low",
    "two squares",
    "square and another",
    "one square in the middle",
)
"""Names of the groups, in the order of their numbers."""

UPPER, CENTRAL, LOWER = range(3)


@dataclass(frozen=True)
class HeightGroups:
    """N images of each of the five groups.

    Args:
        images: (5 N, 1, S, S) uint8.
        group: (5 N,) int64, numbers as in `HEIGHT_GROUPS`.
    """

    images: Tensor
    group: Tensor


def height_groups(distribution: SimpleShapes, num_each: int, generator: torch.Generator) -> HeightGroups:
    """Compose images with uniform places in a third of the rows: the upper third is high, the lower low.

    Half of the squares beside another shape are high and the other shape is low, half the other way round; the other
    shapes are triangles and pentagons in turn.

    Args:
        distribution: The data.
        num_each: Number N of images per group.
        generator: The only source of randomness.

    Example:
        >>> made = height_groups(SimpleShapes(), 4, torch.Generator().manual_seed(0))
        >>> made.images.shape, made.group.bincount().tolist()
        (torch.Size([20, 1, 64, 64]), [4, 4, 4, 4, 4])
    """
    number = torch.arange(num_each)

    def placed(group: int, shape: int, third: int, rows: Tensor = number) -> PlacedShapes:
        row, column = _place(distribution, shape, third, len(rows), generator)
        return PlacedShapes(group * num_each + rows, torch.full_like(rows, shape), row, column)

    parts = [
        placed(HIGH, SQUARE, UPPER),
        placed(LOW, SQUARE, LOWER),
        placed(TWO, SQUARE, UPPER),
        placed(TWO, SQUARE, LOWER),
        placed(MIDDLE, SQUARE, CENTRAL),
    ]
    for rows, square, other in ((number[::2], UPPER, LOWER), (number[1::2], LOWER, UPPER)):
        parts.append(placed(OTHER, SQUARE, square, rows))
        parts += [placed(OTHER, shape, other, rows[i::2]) for i, shape in enumerate((TRIANGLE, PENTAGON))]
    group = torch.arange(len(HEIGHT_GROUPS)).repeat_interleave(num_each)
    return HeightGroups(distribution.draw(PlacedShapes.joined(parts), len(group)), group)


def _place(
    distribution: SimpleShapes, shape: int, third: int, number: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Uniform anchors of a shape in a third of its rows: row and column, each (number,)."""
    (first_row, last_row), (first, last) = distribution.shapes[shape].rows, distribution.shapes[shape].columns
    height = (last_row - first_row + 1) // 3
    row = first_row + third * height + torch.randint(height, (number,), generator=generator)
    return row, shape * distribution.column_width + torch.randint(first, last + 1, (number,), generator=generator)
