"""The amount of ink on an image: a baseline for detectors on images."""

import torch
from torch import Tensor

from lightning_modeinterp.detectors.base import EndPointScore
from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.diffusion.samplers import PredictX0


class Ink(EndPointScore):
    """Mean brightness of a sample, relative to black and white.

    It uses the sample alone, not the model. An image with more ink has more that can move, so a trajectory statistic
    that does not detect hallucinations better than this says nothing about them.

    Args:
        black: Value of black, model units.
        white: Value of white; if it is below black, ink is counted in reverse.
    """

    def __init__(self, black: float = -1.0, white: float = 1.0) -> None:
        self.black, self.white = black, white

    def score(self, x_0: Tensor, predict_x_0: PredictX0, schedule: NoiseSchedule) -> Tensor:
        """See `EndPointScore.score`; in [0, 1]."""
        ink = ((x_0.double() - self.black) / (self.white - self.black)).clamp(0, 1)
        mean: Tensor = torch.mean(ink.flatten(1), dim=1)
        return mean
