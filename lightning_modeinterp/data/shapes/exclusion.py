"""Test whether a model has learned that no image has a shape twice.

A shape is placed beside a companion that the data allow, and beside its own double; see `exclusion_pairs`. The exact
posterior mean keeps half of a double, since it cannot tell which of the two is right; where noise hides both, it keeps
as much as with an allowed companion.
"""

from torch import Generator, Tensor

from lightning_modeinterp.data.images import NUM_PAIRS, ImagePairs, RuleProbe, mean_over
from lightning_modeinterp.data.shapes.distribution import SimpleShapes
from lightning_modeinterp.data.shapes.exclusion_pairs import exclusion_pairs


class Exclusion(RuleProbe):
    """Measure how much less of a shape a model keeps beside its double.

    ``exclusion/<sigma/alpha>`` is the predicted brightness (0 black, 1 white) of the shape beside an allowed companion
    less that beside its double; see `RuleProbe`.

    Args:
        distribution: The data, with their column rule.
        num_pairs: Number of pairs.
    """

    name = "exclusion"
    without_rule = 0.0

    def __init__(self, distribution: SimpleShapes, num_pairs: int = NUM_PAIRS) -> None:
        super().__init__(num_pairs)
        self.distribution = distribution

    def draw_pairs(self, generator: Generator) -> ImagePairs:
        """See `RuleProbe.draw_pairs`."""
        return exclusion_pairs(self.distribution, self.num_pairs, generator)

    def compare(self, allowed: Tensor, forbidden: Tensor, pairs: ImagePairs) -> Tensor:
        """Brightness that each shape loses to its double; see `RuleProbe.compare`."""
        of_allowed, of_forbidden = (mean_over((x_0_hat + 1) / 2, pairs.looked_at) for x_0_hat in (allowed, forbidden))
        return of_allowed - of_forbidden
