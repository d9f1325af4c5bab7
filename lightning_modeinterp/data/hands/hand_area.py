"""How much of an image the hand takes: what a detector of hands has to beat, beside how bright an image is."""

import torch
from torch import Tensor

from lightning_modeinterp.data.hands.hand_mask import contrast_of
from lightning_modeinterp.data.images import to_data_units
from lightning_modeinterp.detectors import EndPointScore
from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.diffusion.samplers import PredictX0


class HandArea(EndPointScore):
    """Share of the pixels that differ from the background by more than half of what the hand does.

    It looks at the sample alone, not at the model: a hand with a finger more has more that can move.
    """

    def score(self, x_0: Tensor, predict_x_0: PredictX0, schedule: NoiseSchedule) -> Tensor:
        """See `EndPointScore.score`; in [0, 1]."""
        contrast, usual = contrast_of(to_data_units(x_0))
        is_hand = contrast > usual[:, None, None, None] / 2
        share: Tensor = torch.mean(is_hand.double().flatten(1), dim=1)
        return share
