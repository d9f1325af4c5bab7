"""Pairs of images to test whether a model knows that no image has a shape twice.

Both images of a pair have the same shape at the same place and one companion: on one image another shape in its own
column, as in the data, on the other the same shape again in the same column, which no image has. So a difference in
the prediction of the first shape is due to knowledge of the rule.
"""

import torch
from torch import Tensor

from lightning_modeinterp.data.images import ImagePairs
from lightning_modeinterp.data.shapes.distribution import NAMES, PlacedShapes, SimpleShapes

MIN_GAP = 1
"""Minimum number of black rows between a shape and its double."""


def exclusion_pairs(distribution: SimpleShapes, num_pairs: int, generator: torch.Generator) -> ImagePairs:
    """Draw pairs, evenly over the shapes; the compared pixels are the shape that both images have.

    Args:
        distribution: The data, with their column rule.
        num_pairs: Number N of pairs.
        generator: The only source of randomness.

    Example:
        >>> pairs = exclusion_pairs(SimpleShapes(), 6, torch.Generator().manual_seed(0))
        >>> bool(((pairs.allowed > 0) & (pairs.forbidden > 0))[pairs.looked_at].all())
        True
    """
    image = torch.arange(num_pairs)
    shape = image % len(NAMES)
    other = (shape + torch.randint(1, len(NAMES), (num_pairs,), generator=generator)) % len(NAMES)
    anywhere = torch.ones(num_pairs, distribution.canvas_height, dtype=torch.bool)
    looked_at = _place(distribution, shape, anywhere, generator)
    height = torch.tensor([int(each.pixels[:, 0].max() - each.pixels[:, 0].min()) + 1 for each in distribution.shapes])
    apart = (torch.arange(distribution.canvas_height) - looked_at.row[:, None]).abs() >= (height[shape] + MIN_GAP)[
        :, None
    ]
    companion = _place(distribution, other, anywhere, generator)
    double = _place(distribution, shape, apart, generator)
    return ImagePairs(
        distribution.draw(PlacedShapes.joined([looked_at, companion]), num_pairs),
        distribution.draw(PlacedShapes.joined([looked_at, double]), num_pairs),
        distribution.draw(looked_at, num_pairs) > 0,
    )


def _place(distribution: SimpleShapes, shape: Tensor, rows: Tensor, generator: torch.Generator) -> PlacedShapes:
    """One shape per image at a uniform place, in one of the rows (N, height) bool."""
    (first_row, last_row), (first, last) = (
        torch.tensor([getattr(each, axis) for each in distribution.shapes])[shape].T for axis in ("rows", "columns")
    )
    number = torch.arange(rows.shape[1])
    is_possible = rows & (number >= first_row[:, None]) & (number <= last_row[:, None])
    row = torch.multinomial(is_possible.double(), 1, generator=generator)[:, 0]
    place = first + (torch.rand(len(shape), generator=generator) * (last - first + 1)).long()
    return PlacedShapes(torch.arange(len(shape)), shape, row, shape * distribution.column_width + place)
