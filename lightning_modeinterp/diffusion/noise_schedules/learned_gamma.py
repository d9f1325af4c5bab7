"""A schedule that is learned: a monotone network between two end points.

    gamma(t) = gamma_min + (gamma_max - gamma_min) (g(t) - g(0)) / (g(1) - g(0))
    g(t) = s t + sum_k h_k sigmoid(q_k (t - c_k)),   s, h_k, q_k > 0

(Kingma et al. 2021, appendix H; this form of g, its width and its initialisation near a line are ours.) A network sees
gamma instead of t, on the scale of the initial end points, so that its knowledge of a noise level stays valid when the
schedule changes.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from lightning_modeinterp.diffusion.noise_schedules.base import NoiseRate, NoiseSchedule, with_slope
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel


class LearnedGammaSchedule(NoiseSchedule):
    """Learned monotone gamma, initialised near the line from gamma_min to gamma_max.

    Each end stays on its side of the initial middle, so gamma_min < gamma_max throughout training.

    Args:
        gamma_min: Initial gamma at t = 0. See `LinearGammaSchedule`.
        gamma_max: Initial gamma at t = 1.
        num_steps: Number T of levels of the discrete grid.
        num_units: Number K of sigmoids.
        has_learned_ends: Learn gamma_min and gamma_max too.

    Raises:
        ConfigurationError: Unless gamma_min < gamma_max and num_units >= 1.
    """

    is_continuous = True

    def __init__(
        self,
        gamma_min: float = -13.3,
        gamma_max: float = 5.0,
        num_steps: int = 1000,
        num_units: int = 32,
        has_learned_ends: bool = True,
    ) -> None:
        super().__init__(num_steps)
        if not gamma_min < gamma_max:
            raise ConfigurationError(f"gamma: expected gamma_min < gamma_max, got {gamma_min} and {gamma_max}")
        if num_units < 1:
            raise ConfigurationError(f"noise_schedule.num_units: expected at least 1, got {num_units}")
        self.middle, self.half_span = (gamma_min + gamma_max) / 2, (gamma_max - gamma_min) / 2
        self.has_learned_ends = has_learned_ends
        self.skip = nn.Parameter(torch.tensor(_before_softplus(1.0)))
        self.heights = nn.Parameter(torch.full((num_units,), _before_softplus(1 / num_units)))
        self.steepness = nn.Parameter(torch.full((num_units,), _before_softplus(float(num_units))))
        self.centres = nn.Parameter((torch.arange(num_units) + 0.5) / num_units)
        if has_learned_ends:
            self.spans = nn.Parameter(torch.full((2,), _before_softplus(self.half_span)))

    def gamma(self, t: Tensor) -> Tensor:
        """See `NoiseSchedule.gamma`."""
        return self._between_ends(self.rise(t))

    def rise(self, t: Tensor) -> Tensor:
        """Share of the way from gamma_min to gamma_max, 0 at t = 0 and 1 at t = 1; same shape and dtype as t."""
        low, high = self._network(t.new_zeros(())), self._network(t.new_ones(()))
        return (self._network(t) - low) / (high - low)

    def ends(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """gamma_min and gamma_max, each of shape (), on the device and in the dtype of ``like``."""
        if not self.has_learned_ends:
            return like.new_tensor(self.middle - self.half_span), like.new_tensor(self.middle + self.half_span)
        below, above = softplus(self.spans.to(like))
        return self.middle - below, self.middle + above

    def rate(self, t: Tensor) -> NoiseRate:
        """See `NoiseSchedule.rate`; the interior consists of the rise and its derivative."""
        rise, slope = with_slope(self.rise, t)
        gamma_min, gamma_max = self.ends(t)
        gamma = self._between_ends(rise)
        return NoiseRate(self._level(t, gamma), (gamma_max - gamma_min) * slope, (rise, slope))

    def _between_ends(self, rise: Tensor) -> Tensor:
        gamma_min, gamma_max = self.ends(rise)
        return gamma_min + (gamma_max - gamma_min) * rise

    def _network(self, t: Tensor) -> Tensor:
        # a sum instead of a matrix product, so that autocast keeps the precision of t
        skip, heights = softplus(self.skip.to(t)), softplus(self.heights.to(t))
        angles = softplus(self.steepness.to(t)) * (t.unsqueeze(-1) - self.centres.to(t))
        return skip * t + (heights * angles.sigmoid()).sum(-1)

    def _level(self, t: Tensor, gamma: Tensor) -> NoiseLevel:
        return NoiseLevel((gamma - self.middle) / (2 * self.half_span) + 0.5, gamma)


def _before_softplus(value: float) -> float:
    """The inverse of softplus, in a form that does not overflow."""
    return value + math.log(-math.expm1(-value))
