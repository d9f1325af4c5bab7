"""Simple Shapes: how many of each shape an image has, where they stand, and what on it is none of them.

The mode interpolation paper calls an image hallucinated that has a shape more than once, and does not publish how it
counted. Here a sample is, in this order,

    repeated    some shape is there more than once: the paper's hallucination
    misplaced   a shape stands where the data never have it
    malformed   something on it is no shape
    empty       nothing is on it
    missing     where the data always have all shapes (presence 1), one is not there

and else in support. The order decides ``kind`` alone; the counts of a verdict hold all that applies.
"""

import torch
from torch import Tensor

from lightning_modeinterp.data.shapes.distribution import NAMES, SimpleShapes
from lightning_modeinterp.data.shapes.shape_finder import FoundShapes, ShapeFinder
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import SupportVerdict
from lightning_modeinterp.support_oracle import IN_SUPPORT, SupportOracle

REPEATED, MISPLACED, MALFORMED, EMPTY, MISSING = 2, 3, 4, 5, 6
LEFTOVER_SHARE = 0.15


class ShapeCount(SupportOracle):
    """Count shapes; see `ShapeFinder` for how they are found, also where they touch.

    It cannot tell a shape that another one hides by more than half, nor a shape from one that differs in a few pixels
    (``max_error``). All thresholds are ours.

    Args:
        distribution: The true distribution of the images.
        max_error: Wrong pixels of a shape, over its number of pixels, up to which it is that shape. Half-way between
            two of the 64-pixel shapes it is at least 0.125, on blurred ones (a Gaussian of one pixel) at most 0.07.
        min_brightness: Mean brightness of a shape, over white, from which it is that shape. Fainter ones are
            ``malformed``.
        max_displacement: Pixels, along either axis, by which a shape may stand beside where the data can have it.
        dark: Brightness, over white, that counts as black: an image without anything brighter is empty.
        grey: Brightness, over white, from which pixels away from all shapes are something.
        min_leftover: Pixels that have to hang together to be something. If None, 15 % of a shape's area.

    Raises:
        ConfigurationError: If a threshold is out of its range.
    """

    def __init__(
        self,
        distribution: SimpleShapes,
        max_error: float = 0.11,
        min_brightness: float = 0.5,
        max_displacement: int = 2,
        dark: float = 0.1,
        grey: float = 0.25,
        min_leftover: int | None = None,
    ) -> None:
        self.is_absent = distribution.combination_weights == 0
        super().__init__(
            ["repeated", "misplaced", "malformed", "empty", *(["missing"] if self.is_absent.any() else [])]
        )
        if not (0 < dark <= grey < 1 and 0 <= max_error <= 1 and 0 <= min_brightness <= 1 and max_displacement >= 0):
            raise ConfigurationError(
                "support: expected 0 < dark <= grey < 1, max_error and min_brightness from 0 to 1 and "
                f"max_displacement >= 0, got {dark}, {grey}, {max_error}, {min_brightness} and {max_displacement}"
            )
        self.distribution = distribution
        self.max_error, self.min_brightness, self.max_displacement = max_error, min_brightness, max_displacement
        self.min_leftover = max(1, round(LEFTOVER_SHARE * distribution.area)) if min_leftover is None else min_leftover
        self.finder = ShapeFinder(distribution, dark, grey, self.min_leftover)

    def find(self, samples: Tensor) -> FoundShapes:
        """Where the shapes are, good and bad ones.

        Args:
            samples: (N, 1, S, S), data units.
        """
        return self.finder.find(samples)

    def is_shape(self, found: FoundShapes) -> Tensor:
        """Which of the shapes found are good enough to count, (M,) bool."""
        return (found.error <= self.max_error) & (found.brightness >= self.min_brightness)

    def judge(self, samples: Tensor) -> SupportVerdict:
        """See `SupportOracle.judge`.

        ``mode`` says which shapes are there, a row of `COMBINATIONS`; the first where there is none. A sample that is
        not finite is malformed. The verdict's details are the numbers of ``triangles``, ``squares`` and ``pentagons``,
        ``misplaced`` ones among them, and ``malformed`` components.
        """
        num_images = len(samples)
        found = self.find(samples)
        is_shape = self.is_shape(found)
        good, bad = found.placed[is_shape], found.placed[~is_shape]
        counts = good.counts(num_images)
        is_misplaced = self.distribution.displacement(good) > self.max_displacement
        misplaced = torch.bincount(good.image[is_misplaced], minlength=num_images)
        malformed = found.num_leftovers + torch.bincount(bad.image, minlength=num_images)
        malformed += ~samples.flatten(1).isfinite().all(1)
        kind = torch.full((num_images,), IN_SUPPORT, dtype=torch.int8, device=samples.device)
        kind[(counts.sum(1) == 0) & (malformed == 0)] = EMPTY
        kind[malformed > 0] = MALFORMED
        kind[misplaced > 0] = MISPLACED
        kind[(counts > 1).any(1)] = REPEATED
        digits = torch.tensor([1, 2, 4], device=samples.device)
        mode = (((counts > 0) * digits).sum(1) - 1).clamp(min=0)
        kind[(kind == IN_SUPPORT) & self.is_absent.to(samples.device)[mode]] = MISSING
        numbers = {f"{name}s": counts[:, number] for number, name in enumerate(NAMES)}
        details = {**numbers, "misplaced": misplaced, "malformed": malformed}
        return SupportVerdict(kind, mode, self.kinds, {name: count.to(torch.int16) for name, count in details.items()})
