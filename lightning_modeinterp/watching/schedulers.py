"""What a diffusers scheduler knows of a step: how much noise there is, and the clean sample that the model predicts.

    x_t = alpha x_0 + sigma eps,        noise level = sigma / alpha

The model's output becomes x_0_hat in float64, by the scheduler's own alpha and sigma, whatever precision the pipeline
runs in:

    epsilon          x_0_hat = (x_t - sigma output) / alpha
    v_prediction     x_0_hat = alpha x_t - sigma output           where alpha^2 + sigma^2 = 1
    sample           x_0_hat = output
    flow_prediction  x_0_hat = x_t - sigma output                 where alpha + sigma = 1

Where the scheduler clips or thresholds x_0_hat before it goes on, the clipped one is what is seen. Schedulers of the
Euler family keep x_0 + (sigma / alpha) eps, which is scaled by alpha first.

Schedulers are known by the name of their class, so diffusers is not imported.
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
    """Scales of the clean sample and of the noise at a step; alpha is 0 where there is nothing but noise."""

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
    """Reads one scheduler, and changes nothing of it.

    Args:
        scheduler: The scheduler.
    """

    thresholds: ClassVar[bool] = False
    """Whether this kind of scheduler heeds ``thresholding`` in its config, where it may stand anyhow."""

    clips: ClassVar[bool] = False
    """The same for ``clip_sample``."""

    def __init__(self, scheduler: Any) -> None:
        self.scheduler = scheduler
        self.prediction = self._prediction()
        if self.prediction not in PREDICTIONS:
            raise ConfigurationError(
                f"watch: expected a scheduler whose prediction_type is one of {', '.join(PREDICTIONS)}, got "
                f"{self.prediction} of {type(scheduler).__name__}; show x_0_hat by watch(windows=...) and see()"
            )

    @abstractmethod
    def levels(self) -> list[Level]:
        """Levels of all steps that ``set_timesteps`` has laid out, first step first; asked for anew after each."""

    @abstractmethod
    def place(self, timestep: Any) -> int | None:
        """Which of them a call of ``step`` is at.

        Returns:
            None for a call that is no step of its own: the trajectory does not go through its state.

        Raises:
            ConfigurationError: If it is none of those laid out.
        """

    @torch.no_grad()
    def x_0_hat(self, model_output: Tensor, sample: Tensor, level: Level, timestep: Any) -> Tensor:
        """Predicted clean sample as the scheduler goes on with it, float64, shape of the sample."""
        output = model_output[:, : sample.shape[1]].double()  # the other half is a learned variance
        x_0_hat = self._limited(self._converted(output, self.x_t(sample, level), level))
        return self.finished(x_0_hat, sample, timestep)

    def x_t(self, sample: Tensor, level: Level) -> Tensor:
        """The state as alpha x_0 + sigma eps, float64."""
        return sample.double()

    def finished(self, x_0_hat: Tensor, sample: Tensor, timestep: Any) -> Tensor:
        """What the scheduler itself makes of x_0_hat."""
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
                f"has laid out, got {int(timestep)}; call its set_timesteps"
            )
        return place


class ConsistencySteps(ByTimestep):
    """LCM, which goes on with its consistency function: a mixture of x_0_hat and the state."""

    def finished(self, x_0_hat: Tensor, sample: Tensor, timestep: Any) -> Tensor:
        """See `Reading.finished`."""
        skip, out = self.scheduler.get_scalings_for_boundary_condition_discrete(float(timestep))
        return float(out) * x_0_hat + float(skip) * sample.double()


class LinearMultistep(ByTimestep):
    """PNDM without its Runge-Kutta steps: its second call is at a state that the trajectory does not go through."""

    thresholds = False
    clips = False

    def __init__(self, scheduler: Any) -> None:
        super().__init__(scheduler)
        if not scheduler.config.skip_prk_steps:
            raise ConfigurationError(
                "watch: expected a PNDMScheduler with skip_prk_steps: true, got one that makes four calls a step; set "
                "it, or another scheduler"
            )

    def place(self, timestep: Any) -> int | None:
        """See `Reading.place`."""
        return None if self.scheduler.counter == 1 else super().place(timestep)


class BySigma(Reading):
    """Schedulers that count their steps and keep sigma / alpha of each: DPM-Solver and UniPC."""

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
        """Number of the call of ``step`` that is about to be made, which the scheduler learns in the first one."""
        for known in (self.scheduler.step_index, self.scheduler.begin_index):
            if known is not None:
                return int(known)
        on_its_device = torch.as_tensor(timestep).to(self.scheduler.timesteps.device)
        return int(self.scheduler.index_for_timestep(on_its_device))


class PredictsNoise(BySigma):
    """UniPC, which heeds ``thresholding`` only where it goes on with x_0_hat."""

    def _limited(self, x_0_hat: Tensor) -> Tensor:
        return super()._limited(x_0_hat) if self.scheduler.predict_x0 else x_0_hat


class Exploding(BySigma):
    """The Euler family: ``x_0 + (sigma / alpha) eps``. Noise that ``s_churn`` adds within a step is not looked at."""

    thresholds = False

    def level(self, sigma: float) -> Level:
        """See `BySigma.level`."""
        return Level.variance_preserving(sigma)

    def x_t(self, sample: Tensor, level: Level) -> Tensor:
        """See `Reading.x_t`."""
        return level.alpha * sample.double()


class TwoCalls(Exploding):
    """Heun: of two calls a step the first counts. The second is at a state that the trajectory does not go through."""

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
                "show x_0_hat by watch(windows=...) and see()"
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
"""How to read the schedulers that are known, and classes derived from them."""


def reading_of(scheduler: Any) -> Reading:
    """Learn to read a scheduler.

    Raises:
        ConfigurationError: If it is of no known kind.
    """
    for cls in type(scheduler).__mro__:
        if cls.__name__ in READINGS:
            return READINGS[cls.__name__](scheduler)
    raise ConfigurationError(
        f"watch: expected a scheduler among {', '.join(READINGS)}, got {type(scheduler).__name__}; set another one, or "
        "show x_0_hat yourself by watch(windows=...) and see(x_0_hat, noise_to_signal)"
    )
