"""How much is on an image: what a detector of images has to beat."""

import torch
from torch import Tensor

from lightning_modeinterp.detectors.base import EndPointScore
from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.diffusion.samplers import PredictX0


class Ink(EndPointScore):
    """Mean brightness of a sample, between what is black and what is white.

    It looks at the sample alone, not at the model: an image with more on it has more that can move, so a statistic of
    the trajectory says nothing of hallucinations that does not detect them better than this.

    Args:
        black: Value of black, model units.
        white: Value of white; ink is counted the other way round where it is below black.
    """

    def __init__(self, black: float = -1.0, white: float = 1.0) -> None:
        self.black, self.white = black, white

    def score(self, x_0: Tensor, predict_x_0: PredictX0, schedule: NoiseSchedule) -> Tensor:
        """See `EndPointScore.score`; in [0, 1]."""
        ink = ((x_0.double() - self.black) / (self.white - self.black)).clamp(0, 1)
        mean: Tensor = torch.mean(ink.flatten(1), dim=1)
        return mean
