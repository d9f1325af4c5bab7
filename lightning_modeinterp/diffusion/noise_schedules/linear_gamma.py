"""The schedule whose log signal-to-noise ratio falls linearly in time."""

from torch import Tensor

from lightning_modeinterp.diffusion.noise_schedules.base import NoiseSchedule
from lightning_modeinterp.errors import ConfigurationError


class LinearGammaSchedule(NoiseSchedule):
    """``gamma(t) = gamma_min + (gamma_max - gamma_min) t``.

    Args:
        gamma_min: gamma at t = 0. -13.3 gives a noise variance of 1e-6; data with narrow modes need about twice the
            log of their standard deviation.
        gamma_max: gamma at t = 1. 5 keeps 0.7 % of the signal's variance.
        num_steps: Number T of levels of the discrete grid.

    Raises:
        ConfigurationError: Unless gamma_min < gamma_max.

    References:
        Kingma et al. 2021, appendix H (the fixed linear schedule and its end points).
    """

    is_continuous = True

    def __init__(self, gamma_min: float = -13.3, gamma_max: float = 5.0, num_steps: int = 1000) -> None:
        super().__init__(num_steps)
        if not gamma_min < gamma_max:
            raise ConfigurationError(f"gamma: expected gamma_min < gamma_max, got {gamma_min} and {gamma_max}")
        self.gamma_min, self.gamma_max = gamma_min, gamma_max

    def gamma(self, t: Tensor) -> Tensor:
        """See `NoiseSchedule.gamma`."""
        return self.gamma_min + (self.gamma_max - self.gamma_min) * t
