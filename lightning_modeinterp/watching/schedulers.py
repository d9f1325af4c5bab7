"""Noise level and predicted clean sample of a step of a diffusers scheduler.

    x_t = alpha x_0 + sigma eps,        noise level = sigma / alpha

The model's output is converted to x_0_hat in float64, with the scheduler's own alpha and sigma, whatever the precision
of the pipeline:

    epsilon          x_0_hat = (x_t - sigma output) / alpha
    v_prediction     x_0_hat = alpha x_t - sigma output           where alpha^2 + sigma^2 = 1
    sample           x_0_hat = output
    flow_prediction  x_0_hat = x_t - sigma output                 where alpha + sigma = 1

If the scheduler clips or thresholds x_0_hat, the clipped one is used. Schedulers of the Euler family hold
x_0 + (sigma / alpha) eps, which is scaled by alpha first.

Schedulers are recognised by class name, so diffusers is not imported.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError

PREDICTIONS = ("epsilon", "v_prediction", "sample", "flow_prediction")


@dataclass(frozen=True)
class Level:
    """Scales of the clean sample and of the noise at a step; alpha is 0 for pure noise."""

    alpha: float
    sigma: float

    @classmethod
    def variance_preserving(cls, noise_to_signal: float) -> "Level":
        """The level with ``alpha^2 + sigma^2 = 1``."""
        alpha = 1 / math.sqrt(1 + noise_to_signal**2)
        return cls(alpha, noise_to_signal * alpha)

    @property
    def noise_to_signal(self) -> float:
        """The noise in units of the data, sigma / alpha."""
        return self.sigma / self.alpha if self.alpha else math.inf


class Reading(ABC):
    """Reads one scheduler without changing it.

    Args:
        scheduler: The scheduler.
    """

    thresholds: ClassVar[bool] = False
    """Whether this kind of scheduler uses ``thresholding`` of its config; others may have it without effect."""

    clips: ClassVar[bool] = False
    """The same for ``clip_sample``."""

    def __init__(self, scheduler: Any) -> None:
        self.scheduler = scheduler
        self.prediction = self._prediction()
        if self.prediction not in PREDICTIONS:
            raise ConfigurationError(
                f"watch: expected a scheduler whose prediction_type is one of {', '.join(PREDICTIONS)}, got "
                f"{self.prediction} of {type(scheduler).__name__}; pass x_0_hat with watch(windows=...) and see()"
            )

    @abstractmethod
    def levels(self) -> list[Level]:
        """Levels of all steps of the last ``set_timesteps``, in order; read again after each call of it."""

    @abstractmethod
    def place(self, timestep: Any) -> int | None:
        """The position among them of a call of ``step``.

        Returns:
            None for an intermediate call, whose state is not on the trajectory.

        Raises:
            ConfigurationError: If it is not among them.
        """

    @torch.no_grad()
    def x_0_hat(self, model_output: Tensor, sample: Tensor, level: Level, timestep: Any) -> Tensor:
        """Predicted clean sample as the scheduler uses it, float64, shape of the sample."""
        output = model_output[:, : sample.shape[1]].double()  # the other half is a learned variance
        x_0_hat = self._limited(self._converted(output, self.x_t(sample, level), level))
        return self.finished(x_0_hat, sample, timestep)

    def x_t(self, sample: Tensor, level: Level) -> Tensor:
        """The state as alpha x_0 + sigma eps, float64."""
        return sample.double()

    def finished(self, x_0_hat: Tensor, sample: Tensor, timestep: Any) -> Tensor:
        """The scheduler's own modification of x_0_hat."""
        return x_0_hat

    def _converted(self, output: Tensor, x_t: Tensor, level: Level) -> Tensor:
        if self.prediction == "sample":
            return output
        if self.prediction == "epsilon":
            return (x_t - level.sigma * output) / level.alpha if level.alpha else torch.full_like(x_t, math.nan)
        scale = level.alpha if self.prediction == "v_prediction" else 1.0
        return scale * x_t - level.sigma * output

    def _limited(self, x_0_hat: Tensor) -> Tensor:
        config = self.scheduler.config
        if self.thresholds and config.get("thresholding"):
            limited: Tensor = self.scheduler._threshold_sample(x_0_hat)
            return limited
        if self.clips and config.get("clip_sample"):
            return x_0_hat.clamp(-config.clip_sample_range, config.clip_sample_range)
        return x_0_hat

    def _prediction(self) -> str:
        return str(self.scheduler.config.prediction_type)


class ByTimestep(Reading):
    """Schedulers that look alpha up by the timestep: DDPM and DDIM."""

    thresholds = True
    clips = True

    def __init__(self, scheduler: Any) -> None:
        super().__init__(scheduler)
        self._places: dict[int, int] = {}

    def levels(self) -> list[Level]:
        """See `Reading.levels`."""
        timesteps = dict.fromkeys(self.scheduler.timesteps.tolist())
        self._places = {timestep: place for place, timestep in enumerate(timesteps)}
        alpha_bar = self.scheduler.alphas_cumprod.double()[list(timesteps)].tolist()
        return [Level(math.sqrt(a), math.sqrt(1 - a)) for a in alpha_bar]

    def place(self, timestep: Any) -> int | None:
        """See `Reading.place`."""
        place = self._places.get(int(timestep))
        if place is None:
            raise ConfigurationError(
                f"watch: expected one of the {len(self._places)} timesteps that the {type(self.scheduler).__name__} "
                f"has set, got {int(timestep)}; call its set_timesteps"
            )
        return place


class ConsistencySteps(ByTimestep):
    """LCM, which uses its consistency function: a mixture of x_0_hat and the state."""

    def finished(self, x_0_hat: Tensor, sample: Tensor, timestep: Any) -> Tensor:
        """See `Reading.finished`."""
        skip, out = self.scheduler.get_scalings_for_boundary_condition_discrete(float(timestep))
        return float(out) * x_0_hat + float(skip) * sample.double()


class LinearMultistep(ByTimestep):
    """PNDM without its Runge-Kutta steps: its second call is at a state that is not on the trajectory."""

    thresholds = False
    clips = False

    def __init__(self, scheduler: Any) -> None:
        super().__init__(scheduler)
        if not scheduler.config.skip_prk_steps:
            raise ConfigurationError(
                "watch: expected a PNDMScheduler with skip_prk_steps: true, got one with four calls per step; set "
                "it, or use another scheduler"
            )

    def place(self, timestep: Any) -> int | None:
        """See `Reading.place`."""
        return None if self.scheduler.counter == 1 else super().place(timestep)


class BySigma(Reading):
    """Schedulers with a step counter and sigma / alpha of each step: DPM-Solver and UniPC."""

    thresholds = True
    calls_a_step: ClassVar[int] = 1

    def levels(self) -> list[Level]:
        """See `Reading.levels`."""
        return [self.level(sigma) for sigma in self.scheduler.sigmas[: -1 : self.calls_a_step].tolist()]

    def place(self, timestep: Any) -> int | None:
        """See `Reading.place`."""
        call = self._call(timestep)
        return None if call % self.calls_a_step else call // self.calls_a_step

    def level(self, sigma: float) -> Level:
        """Level of one of the scheduler's sigmas."""
        is_flow = self.scheduler.config.get("use_flow_sigmas") or self.prediction == "flow_prediction"
        return Level(1 - sigma, sigma) if is_flow else Level.variance_preserving(sigma)

    def _call(self, timestep: Any) -> int:
        """Index of the coming call of ``step``, which the scheduler sets in the first call."""
        for known in (self.scheduler.step_index, self.scheduler.begin_index):
            if known is not None:
                return int(known)
        on_its_device = torch.as_tensor(timestep).to(self.scheduler.timesteps.device)
        return int(self.scheduler.index_for_timestep(on_its_device))


class PredictsNoise(BySigma):
    """UniPC, which uses ``thresholding`` only if it works on x_0_hat."""

    def _limited(self, x_0_hat: Tensor) -> Tensor:
        return super()._limited(x_0_hat) if self.scheduler.predict_x0 else x_0_hat


class Exploding(BySigma):
    """The Euler family: ``x_0 + (sigma / alpha) eps``. Noise that ``s_churn`` adds within a step is ignored."""

    thresholds = False

    def level(self, sigma: float) -> Level:
        """See `BySigma.level`."""
        return Level.variance_preserving(sigma)

    def x_t(self, sample: Tensor, level: Level) -> Tensor:
        """See `Reading.x_t`."""
        return level.alpha * sample.double()


class TwoCalls(Exploding):
    """Heun: of two calls per step the first counts. The second is at a state that is not on the trajectory."""

    clips = True
    calls_a_step = 2


class Flow(BySigma):
    """Flow matching: alpha + sigma = 1."""

    thresholds = False

    def level(self, sigma: float) -> Level:
        """See `BySigma.level`."""
        return Level(1 - sigma, sigma)

    def _prediction(self) -> str:
        if self.scheduler.config.get("invert_sigmas"):
            raise ConfigurationError(
                f"watch: expected a {type(self.scheduler).__name__} whose sigma is the noise, got invert_sigmas: true; "
                "pass x_0_hat with watch(windows=...) and see()"
            )
        return "flow_prediction"


READINGS: Mapping[str, type[Reading]] = {
    "DDPMScheduler": ByTimestep,
    "DDIMScheduler": ByTimestep,
    "PNDMScheduler": LinearMultistep,
    "LCMScheduler": ConsistencySteps,
    "DPMSolverMultistepScheduler": BySigma,
    "DPMSolverSinglestepScheduler": BySigma,
    "UniPCMultistepScheduler": PredictsNoise,
    "EulerDiscreteScheduler": Exploding,
    "EulerAncestralDiscreteScheduler": Exploding,
    "HeunDiscreteScheduler": TwoCalls,
    "FlowMatchEulerDiscreteScheduler": Flow,
}
"""Readers of the known schedulers and their subclasses."""


def reading_of(scheduler: Any) -> Reading:
    """Make the reader of a scheduler.

    Raises:
        ConfigurationError: If its class is not known.
    """
    for cls in type(scheduler).__mro__:
        if cls.__name__ in READINGS:
            return READINGS[cls.__name__](scheduler)
    raise ConfigurationError(
        f"watch: expected a scheduler among {', '.join(READINGS)}, got {type(scheduler).__name__}; use another one, or "
        "pass x_0_hat yourself with watch(windows=...) and see(x_0_hat, noise_to_signal)"
    )
