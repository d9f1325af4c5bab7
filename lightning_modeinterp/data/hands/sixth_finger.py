"""How much of an added sixth finger a model keeps.

A hand of the bank gets a sixth finger beside the little one, where there is room; see `offered_fingers`. The exact
posterior mean of the bank shows how much the rule leaves of it at that noise: it rotates the hand rather than keep six
fingers.
"""

from torch import Generator, Tensor

from lightning_modeinterp.data.hands.bank import HandBank
from lightning_modeinterp.data.hands.offered_fingers import offered_fingers
from lightning_modeinterp.data.images import NUM_PAIRS, ImagePairs, RuleProbe, mean_over, to_data_units


class SixthFinger(RuleProbe):
    """Measure the share of a sixth finger that a model keeps.

    ``sixth_finger/<sigma/alpha>`` is the predicted gain in brightness of the sixth finger's pixels, relative to the
    true gain: 1 if the model treats each finger independently, 0 if it is sure of the rule; see `RuleProbe`.

    Args:
        bank: The hands.
        num_pairs: Number of pairs.
    """

    name = "sixth_finger"
    without_rule = 1.0

    def __init__(self, bank: HandBank, num_pairs: int = NUM_PAIRS) -> None:
        super().__init__(num_pairs)
        self.bank = bank

    def draw_pairs(self, generator: Generator) -> ImagePairs:
        """See `RuleProbe.draw_pairs`."""
        return offered_fingers(self.bank, self.num_pairs, generator)

    def compare(self, allowed: Tensor, forbidden: Tensor, pairs: ImagePairs) -> Tensor:
        """Share of each sixth finger that is kept; see `RuleProbe.compare`."""
        brighter = to_data_units(forbidden) - to_data_units(allowed)
        offered = pairs.forbidden.double() - pairs.allowed.double()
        return mean_over(brighter, pairs.looked_at) / mean_over(offered, pairs.looked_at)
