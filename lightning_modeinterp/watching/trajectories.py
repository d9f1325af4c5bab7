"""Batches of trajectories from any loop, one after another."""

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from lightning_modeinterp.records import NoiseLevel, SamplingStep
from lightning_modeinterp.trajectories import TrajectoryObserver, TrajectoryWatch, Window


class Trajectories:
    """Watches each batch from its first step to its last; results of finished batches are kept, on the CPU.

    Args:
        windows: Windows over which the variance of x_0_hat is taken, by name.
        observers: Further statistics, by name.
    """

    def __init__(self, windows: Mapping[str, Window], observers: Mapping[str, TrajectoryObserver[Any]]) -> None:
        self.windows, self.observers = dict(windows), dict(observers)
        self._watch = TrajectoryWatch(windows, observers)
        self._finished: list[dict[str, Tensor]] = []
        self.num_steps: set[int] = set()
        self._planned: list[float] | None = None
        self._seen: list[float] | None = None

    @property
    def counts_steps(self) -> bool:
        """Whether something needs all levels before the first step."""
        return bool(self.observers) or any(window.noise_to_signal is None for window in self.windows.values())

    def goes_on(self, noise_to_signal: float) -> bool:
        """Whether a step at this sigma / alpha can belong to the current batch: noise decreases along a trajectory."""
        return self._seen is not None and (not self._seen or noise_to_signal < self._seen[-1])

    def needs(self, noise_to_signal: float) -> bool:
        """Whether anything uses a step with this sigma / alpha."""
        return self.counts_steps or any(window.holds(noise_to_signal) for window in self.windows.values())

    def begin(self, planned: Sequence[float] | None, x_t: Tensor | None = None) -> None:
        """Start a batch, after finishing the previous one.

        Args:
            planned: sigma / alpha of its S steps, in order; None if unknown.
            x_t: The initial noise, (B, *sample_shape), model units.

        Raises:
            ConfigurationError: If the steps do not fit a window or an observer.
        """
        self.finish()
        levels = None if planned is None else levels_of(planned)
        if levels is not None:
            for window in self.windows.values():
                window.steps_left(levels)
        self._watch.start(x_t, levels if self.counts_steps else None)
        self._planned, self._seen = None if planned is None else list(planned), []

    def see(self, x_0_hat: Tensor, noise_to_signal: float, x_t: Tensor | None = None) -> None:
        """Observe the next step."""
        if x_t is None or self._planned is None or self._seen is None:
            self._watch.see(x_0_hat, noise_to_signal)
        else:
            level, left = levels_of([noise_to_signal]).to(x_t.device), len(self._planned) - 1 - len(self._seen)
            self._watch.see_step(SamplingStep(left, level, x_t, x_0_hat))
        self.pass_by(noise_to_signal)

    def pass_by(self, noise_to_signal: float) -> None:
        """Count a step that nothing uses."""
        if self._seen is not None:
            self._seen.append(noise_to_signal)

    def finish(self) -> None:
        """Finish the current batch. An incomplete one is left out with a warning."""
        if self._seen:
            if self._is_whole():
                self._finished.append(self._results())
                self.num_steps.add(len(self._planned or self._seen))
            else:
                warnings.warn(
                    f"watch: left out a batch that stopped after {len(self._seen)} of {len(self._planned or ())} steps",
                    stacklevel=2,
                )
        self.drop()

    def drop(self) -> None:
        """Discard the current batch."""
        self._planned = self._seen = None

    def results(self) -> list[dict[str, Tensor]]:
        """Results of each batch so far, including the current one if it is known to have passed its windows."""
        is_there = self._planned is not None and self._seen and self._is_whole()
        return [*self._finished, self._results()] if is_there else self._finished

    def _results(self) -> dict[str, Tensor]:
        return {name: values.cpu() for name, values in self._watch.results().items()}

    def _is_whole(self) -> bool:
        if self._planned is None or self._seen is None:
            return True
        if self.counts_steps:
            return len(self._seen) == len(self._planned)
        return all(
            sum(map(window.holds, self._seen)) >= sum(map(window.holds, self._planned))
            for window in self.windows.values()
        )


def levels_of(noise_to_signal: Sequence[float]) -> NoiseLevel:
    """Levels (S,) float64 with these sigma / alpha. Their time is sigma, since loops measure time differently."""
    gamma = torch.tensor([2 * math.log(each) if each else -math.inf for each in noise_to_signal], dtype=torch.float64)
    level = NoiseLevel(gamma, gamma)
    return NoiseLevel(level.sigma, gamma)
