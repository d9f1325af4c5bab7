"""The interface of end-point scores: scores of final samples by the model, without the trajectory.

These are the baselines of trajectory variance: they need one call of the model, and no access to the sampler. Higher is
always more suspect.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor

from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.diffusion.samplers import PredictX0


class EndPointScore(ABC):
    """Scores clean samples, one number each. A subclass implements `score`, which is deterministic and stateless.

    A higher score has to mean more suspect: flip the sign of a score that falls with suspicion.
    """

    @abstractmethod
    def score(self, x_0: Tensor, predict_x_0: PredictX0, schedule: NoiseSchedule) -> Tensor:
        """Score each sample.

        Args:
            x_0: Clean samples from the sampler, (B, *sample_shape), model units.
            predict_x_0: The model, called with x_t (B, *sample_shape) and a level of shape (1,).
            schedule: Its noise schedule.

        Returns:
            (B,) float64, in sample order; higher is more suspect.
        """

    def check(self, schedule: NoiseSchedule, sample_shape: Sequence[int]) -> None:  # noqa: B027  # most scores fit all
        """Raise a `ConfigurationError` if samples of this shape cannot be scored under this schedule."""
