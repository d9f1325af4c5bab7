"""The seam: a score of finished samples, by what the model says of them; the trajectory is not looked at.

These are what trajectory variance has to beat: they need one look at the model, and no access to the sampler. Higher
always means more suspect.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor

from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.diffusion.samplers import PredictX0


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
