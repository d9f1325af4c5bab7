"""How much of a sixth finger a model keeps.

A hand of the bank is offered a sixth finger beside the little one, where there is room; see `offered_fingers`. What the
exact posterior mean of the bank keeps of it is what the rule leaves at that noise: it turns the hand rather than give
it six fingers.
"""

from torch import Generator, Tensor

from lightning_modeinterp.data.hands.bank import HandBank
from lightning_modeinterp.data.hands.offered_fingers import offered_fingers
from lightning_modeinterp.data.images import NUM_PAIRS, ImagePairs, RuleProbe, mean_over, to_data_units


class SixthFinger(RuleProbe):
    """Measure the share of a sixth finger that a model keeps.

    ``sixth_finger/<sigma/alpha>`` is how much brighter a model predicts the pixels of the sixth finger where it is
    offered, over how much brighter they are: 1 where each finger is taken for itself, 0 where the model is sure of the
    rule; see `RuleProbe`.

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
