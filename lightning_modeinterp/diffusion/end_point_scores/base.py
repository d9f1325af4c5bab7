"""The seam: a score of finished samples, by what the model says of them; the trajectory is not looked at.

These are what trajectory variance has to beat: they need one look at the model, and no access to the sampler. Higher
always means more suspect.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.diffusion.samplers import PredictX0
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel


class EndPointScore(ABC):
    """Scores clean samples, one number each. A subclass writes `score`. It draws nothing at random and keeps nothing.

    Detection takes a higher score for more suspect: turn the sign of a score that falls with suspicion.
    """

    @abstractmethod
    def score(self, x_0: Tensor, predict_x_0: PredictX0, schedule: NoiseSchedule) -> Tensor:
        """Score each sample.

        Args:
            x_0: Clean samples as the sampler left them, (B, *sample_shape), model units.
            predict_x_0: The model, which takes x_t (B, *sample_shape) and a level of shape (1,).
            schedule: Its noise schedule.

        Returns:
            (B,) float64, in sample order; higher is more suspect.
        """

    def check(self, schedule: NoiseSchedule, sample_shape: Sequence[int]) -> None:  # noqa: B027  # most scores fit all
        """Raise a `ConfigurationError` if samples of this shape cannot be scored under this schedule."""


def nearest_level(schedule: NoiseSchedule, noise_to_signal: float) -> NoiseLevel:
    """The level of a schedule's grid that is nearest to a noise level, in log; networks are trained on the grid.

    Args:
        schedule: The noise schedule.
        noise_to_signal: Wanted sigma / alpha, the noise in units of the model's data.

    Returns:
        One level, shape (1,), float64.

    Raises:
        ConfigurationError: If it lies outside the grid, which no level is near to.

    Example:
        >>> from lightning_modeinterp.diffusion.noise_schedules import LinearGammaSchedule
        >>> level = nearest_level(LinearGammaSchedule(gamma_min=-8.0, gamma_max=8.0, num_steps=17), 1.1)
        >>> level.noise_to_signal
        tensor([1.], dtype=torch.float64)
    """
    grid = schedule.grid()
    noise = grid.noise_to_signal
    low, high = noise.min().item(), noise.max().item()
    if not low <= noise_to_signal <= high:
        raise ConfigurationError(
            f"noise_to_signal: expected a noise level within the schedule's {low:.4g}..{high:.4g}, got "
            f"{noise_to_signal:.4g}; the model has seen no other"
        )
    index = int((noise.log() - torch.tensor(noise_to_signal, dtype=torch.float64).log()).abs().argmin())
    return grid[index : index + 1]
