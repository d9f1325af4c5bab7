"""Observe the steps of a scheduler.

The scheduler's class is replaced by a subclass of the same name that reports each step before it is made, and restored
at the end. The scheduler's attributes are not touched, so its config and ``isinstance`` work as before; a copy of it
has the original class and is not watched.
"""

import functools
from typing import Any

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.watching.schedulers import Level, Reading, reading_of
from lightning_modeinterp.watching.trajectories import Trajectories


class SchedulerHook:
    """Passes the steps of a scheduler to `Trajectories`.

    Args:
        scheduler: The scheduler; its config is read once, now.
        trajectories: Receives the steps.

    Raises:
        ConfigurationError: If its class is not known.
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
        """Start observing.

        Raises:
            ConfigurationError: If it is already watched.
        """
        other = getattr(type(self.scheduler), "_watched_by", None)
        if other is not None and other.scheduler is self.scheduler:
            raise ConfigurationError(
                f"watch: expected a {self._class.__name__} that is not watched yet, got one that is; give one "
                "watch all windows and observers"
            )
        self.scheduler.__class__ = self._watched_class()

    def take_off(self) -> None:
        """Restore the scheduler."""
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
        """Observe one call of ``step``, before it is made."""
        is_new = self._laid_out is not self.scheduler.timesteps  # each set_timesteps makes a new tensor
        if is_new:
            self._laid_out, self._levels = self.scheduler.timesteps, self._reading.levels()
        place = self._reading.place(timestep)
        if place is None or place >= len(self._levels):  # after the last step the scheduler itself raises
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
    """An uninitialised object of a class, for copies and pickles."""
    return object.__new__(cls)
