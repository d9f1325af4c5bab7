"""The seam: a network that sees a noised sample and its noise level."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn

from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.diffusion.parameterization import PredictionType
from lightning_modeinterp.init_args import init_args
from lightning_modeinterp.records import NoiseLevel


class Denoiser(nn.Module, ABC):
    """A network from ``(x_t, level)`` to whatever the module trains it to predict.

    Args:
        sample_shape: Shape of one sample; the command line takes it from the data.
    """

    prediction: PredictionType | None = None
    """What the output is, for a denoiser that can give one thing only. None for a network, which learns any."""

    is_trained: ClassVar[bool] = False
    """Whether it is made with trained weights, so that it may be evaluated without a checkpoint."""

    num_rounded_steps: int | None = None
    """Number of steps, evenly over [0, 1], that times are rounded to, so that only levels at these can be trained. None
    where times are seen as they are."""

    def __init__(self, sample_shape: Sequence[int]) -> None:
        super().__init__()
        self._init_args = init_args(self)
        self.sample_shape = tuple(sample_shape)

    def check_schedule(self, schedule: NoiseSchedule) -> None:
        """Raise a `ConfigurationError` for a noise schedule that it was not made for. It takes any by default.

        Args:
            schedule: The one that it is to be trained and sampled on.
        """
        return None

    def fallback(self, x_t: Tensor) -> str | None:
        """What runs here for such samples in the place of what was asked for, such as where there is no compiler.

        None where all is as asked, the default. It changes last bits, so it is part of a sample store's fingerprint.

        Args:
            x_t: Samples of the shape, dtype and device of those to come; under the autocast of those to come.
        """
        return None

    @abstractmethod
    def forward(self, x_t: Tensor, level: NoiseLevel) -> Tensor:
        """Predict.

        Args:
            x_t: Noised samples, (B, *sample_shape), model units.
            level: Their noise levels, of shape (B,), or (1,) where all stand at one level.

        Returns:
            (B, *sample_shape).
        """
