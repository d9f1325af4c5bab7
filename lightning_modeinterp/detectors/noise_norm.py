"""The noise that the model predicts in a final sample."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lightning_modeinterp.detectors.base import EndPointScore
from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.diffusion.parameterization import eps_from_x_0, expand
from lightning_modeinterp.diffusion.samplers import PredictX0


class NoiseNorm(EndPointScore):
    """Norm of the noise that the model predicts in a sample, treated as a noised one at a low level.

    The sample is scaled to the level and *no noise is added*: ``x_t = alpha x_0``, so

        |eps_hat| = |x_t - alpha x_0_hat(x_t)| / sigma = alpha / sigma |x_0 - x_0_hat(alpha x_0)|.

    It is zero if the model would not move the sample, and grows with the distance it would move it. Since
    ``score = -eps_hat / sigma`` it is the norm of the learned score, up to sigma.

    It cannot tell a sample on a stationary point *between* two modes, which the model does not move either, from one on
    a mode.

    Args:
        noise_to_signal: The level, as sigma / alpha; within the noise schedule's range. About the standard
            deviation of a mode is a good choice: far below it the model sees clean data, far above it a blur.
    """

    def __init__(self, noise_to_signal: float) -> None:
        self.noise_to_signal = noise_to_signal

    def check(self, schedule: NoiseSchedule, sample_shape: Sequence[int]) -> None:
        """See `EndPointScore.check`; the level has to be within the schedule's range."""
        schedule.level_at(self.noise_to_signal)

    def score(self, x_0: Tensor, predict_x_0: PredictX0, schedule: NoiseSchedule) -> Tensor:
        """See `EndPointScore.score`; standard deviations of the noise, at least 0."""
        level = schedule.level_at(self.noise_to_signal).to(x_0.device, x_0.dtype)
        x_t = expand(level.alpha, x_0) * x_0
        eps_hat = eps_from_x_0(predict_x_0(x_t, level), x_t, level)
        norm: Tensor = torch.linalg.vector_norm(eps_hat.double().flatten(1), dim=1)
        return norm
