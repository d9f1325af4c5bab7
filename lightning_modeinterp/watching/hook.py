"""Look over a scheduler's shoulder.

The scheduler's class is replaced by a class of the same name that shows each step before it makes it, and put back in
the end. What the scheduler itself holds stays untouched, so its config and ``isinstance`` are as ever; a copy
of it is of the class that it had, and not watched.
"""

import functools
from typing import Any

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.watching.schedulers import Level, Reading, reading_of
from lightning_modeinterp.watching.trajectories import Trajectories


class SchedulerHook:
    """Shows the steps of a scheduler to `Trajectories`.

    Args:
        scheduler: The scheduler, as it is now: its config is read once.
        trajectories: Who wants to see them.

    Raises:
        ConfigurationError: If it is of no known kind.
    """

    def __init__(self, scheduler: Any, trajectories: Trajectories) -> None:
        self.scheduler = scheduler
        self.trajectories = trajectories
        self._reading: Reading = reading_of(scheduler)
        self._class = type(scheduler)
        self._laid_out: Tensor | None = None
        self._levels: list[Level] = []
        self._shape = torch.Size()

    def put_on(self) -> None:
        """Begin to look.

        Raises:
            ConfigurationError: If somebody looks already.
        """
        other = getattr(type(self.scheduler), "_watched_by", None)
        if other is not None and other.scheduler is self.scheduler:
            raise ConfigurationError(
                f"watch: expected a {self._class.__name__} that is not watched yet, got one that is; give one "
                "watch all windows and observers"
            )
        self.scheduler.__class__ = self._watched_class()

    def take_off(self) -> None:
        """Leave the scheduler as it was."""
        self.scheduler.__class__ = self._class
        self._laid_out = None

    def _watched_class(self) -> type:
        hook, cls = self, self._class

        @functools.wraps(cls.step)  # pipelines look at its signature
        def step(scheduler: Any, model_output: Tensor, timestep: Any, sample: Tensor, *args: Any, **kwargs: Any) -> Any:
            if scheduler is hook.scheduler:
                hook.look(model_output, timestep, sample)
            return cls.step(scheduler, model_output, timestep, sample, *args, **kwargs)

        def reduce(scheduler: Any, protocol: int) -> tuple[Any, ...]:
            return _blank, (cls,), scheduler.__getstate__()

        members = {"step": step, "__reduce_ex__": reduce, "_watched_by": hook, "__module__": cls.__module__}
        return type(cls.__name__, (cls,), members)

    @torch.no_grad()
    def look(self, model_output: Tensor, timestep: Any, sample: Tensor) -> None:
        """See one call of ``step``, before it is made."""
        is_new = self._laid_out is not self.scheduler.timesteps  # each set_timesteps lays out another tensor
        if is_new:
            self._laid_out, self._levels = self.scheduler.timesteps, self._reading.levels()
        place = self._reading.place(timestep)
        if place is None or place >= len(self._levels):  # beyond the last step the scheduler itself refuses
            return
        level, trajectories = self._levels[place], self.trajectories
        noise = level.noise_to_signal
        x_t = self._reading.x_t(sample, level) if trajectories.counts_steps else None
        if is_new or sample.shape != self._shape or not trajectories.goes_on(noise):
            self._shape = sample.shape
            trajectories.begin([each.noise_to_signal for each in self._levels[place:]], x_t)
        if trajectories.needs(noise):
            trajectories.see(self._reading.x_0_hat(model_output, sample, level, timestep), noise, x_t)
        else:
            trajectories.pass_by(noise)


def _blank(cls: type) -> Any:
    """An object of a class that knows nothing yet; what a copy or a pickle begins with."""
    return object.__new__(cls)
