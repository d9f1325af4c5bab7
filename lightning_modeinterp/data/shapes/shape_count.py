"""Simple Shapes: the count and position of each shape on an image, and everything else on it.

In the mode interpolation paper an image with a shape more than once is a hallucination; how it counted is not
published. Here a sample is, in this order,

    repeated    some shape is on it more than once: the paper's hallucination
    misplaced   a shape is where the data never have it
    malformed   something on it is not a shape
    empty       nothing is on it
    missing     a shape is not on it, although the data always have all shapes (presence 1)

and else in support. The order decides only ``kind``; the counts of a verdict include all that apply.
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

    It cannot find a shape that is more than half hidden, nor tell a shape from one that differs in a few pixels
    (``max_error``). All thresholds are ours.

    Args:
        distribution: The true distribution of the images.
        max_error: Maximum share of wrong pixels of a shape, relative to its number of pixels. Half-way between two
            of the 64-pixel shapes it is at least 0.125, on blurred ones (a Gaussian of one pixel) at most 0.07.
        min_brightness: Minimum mean brightness of a shape, relative to white. Fainter ones are ``malformed``.
        max_displacement: Maximum distance of a shape from its allowed positions, in pixels along either axis.
        dark: Brightness, relative to white, that counts as black: an image without anything brighter is empty.
        grey: Minimum brightness, relative to white, of pixels that count as something outside of all shapes.
        min_leftover: Minimum number of connected pixels that count. If None, 15 % of a shape's area.

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
        """Find shapes, good and bad ones.

        Args:
            samples: (N, 1, S, S), data units.
        """
        return self.finder.find(samples)

    def is_shape(self, found: FoundShapes) -> Tensor:
        """Which of the found shapes are good enough to count, (M,) bool."""
        return (found.error <= self.max_error) & (found.brightness >= self.min_brightness)

    def judge(self, samples: Tensor) -> SupportVerdict:
        """See `SupportOracle.judge`.

        ``mode`` is the combination of shapes, a row of `COMBINATIONS`; the first if there are none. A sample that is
        not finite is malformed. The verdict's details are the numbers of ``triangles``, ``squares`` and ``pentagons``,
        of ``misplaced`` ones among them, and of ``malformed`` components.
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
