"""The interface of denoisers: a network of a noised sample and its noise level."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn

from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.diffusion.parameterization import PredictionType
from lightning_modeinterp.init_args import init_args
from lightning_modeinterp.records import NoiseLevel


class Denoiser(nn.Module, ABC):
    """A network from ``(x_t, level)`` to the prediction that the module trains.

    Args:
        sample_shape: Shape of one sample; the command line takes it from the data.
    """

    prediction: PredictionType | None = None
    """Prediction type of a denoiser that has only one. None for a network, which can learn any."""

    is_trained: ClassVar[bool] = False
    """Whether it comes with trained weights, so that it can be evaluated without a checkpoint."""

    num_rounded_steps: int | None = None
    """Number of evenly spaced steps in [0, 1] to which times are rounded, so that only levels at these can be trained.
    None if times are not rounded."""

    def __init__(self, sample_shape: Sequence[int]) -> None:
        super().__init__()
        self._init_args = init_args(self)
        self.sample_shape = tuple(sample_shape)

    def check_schedule(self, schedule: NoiseSchedule) -> None:
        """Raise a `ConfigurationError` for a noise schedule that it was not made for. Any is accepted by default.

        Args:
            schedule: The noise schedule for training and sampling.
        """
        return None

    def fallback(self, x_t: Tensor) -> str | None:
        """The implementation used for such samples instead of the requested one, such as without a compiler.

        None if the requested one is used, the default. It changes the last bits, so it is part of a sample store's
        fingerprint.

        Args:
            x_t: Samples with the shape, dtype and device of later ones, under the same autocast.
        """
        return None

    @abstractmethod
    def forward(self, x_t: Tensor, level: NoiseLevel) -> Tensor:
        """Predict.

        Args:
            x_t: Noised samples, (B, *sample_shape), model units.
            level: Their noise levels, of shape (B,), or (1,) if all share one level.

        Returns:
            (B, *sample_shape).
        """
