"""Area of the hand: a baseline for detectors of hands, besides brightness."""

import torch
from torch import Tensor

from lightning_modeinterp.data.hands.hand_mask import contrast_of
from lightning_modeinterp.data.images import to_data_units
from lightning_modeinterp.detectors import EndPointScore
from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.diffusion.samplers import PredictX0


class HandArea(EndPointScore):
    """Share of the pixels that differ from the background by more than half of the hand's contrast.

    It uses the sample alone, not the model: a hand with an extra finger has more area that can move.
    """

    def score(self, x_0: Tensor, predict_x_0: PredictX0, schedule: NoiseSchedule) -> Tensor:
        """See `EndPointScore.score`; in [0, 1]."""
        contrast, usual = contrast_of(to_data_units(x_0))
        is_hand = contrast > usual[:, None, None, None] / 2
        share: Tensor = torch.mean(is_hand.double().flatten(1), dim=1)
        return share
