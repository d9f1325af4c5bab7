"""Statistics of trajectories from any sampling loop, step by step.

`Sampler.sample` uses it, and so can any loop: `start`, `see` at every step, `results`.

A window of noise levels needs nothing in advance, since each step shows whether it is inside. Windows that count the
steps left, and further observers, need all levels before the first step.
"""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel, SamplingStep, variance_score
from lightning_modeinterp.trajectories.observer import TrajectoryObserver
from lightning_modeinterp.trajectories.variance import TrajectoryVariance, WindowMoments
from lightning_modeinterp.trajectories.window import Window

_VARIANCE = "variance/"  # prefix of all windows; no observer has such a name
_SAME = 1e-3
"""Relative tolerance between a level and the announced one, for rounding."""


class TrajectoryWatch:
    """Observes batches of trajectories one after another; only what the statistics need is kept.

    Args:
        windows: Windows over which the variance of x_0_hat is taken, by name.
        observers: Further statistics, by name.

    Example:
        >>> watch = TrajectoryWatch({"late": Window(noise_to_signal=(0.1, 0.5))})
        >>> watch.start()
        >>> for noise_to_signal in (2.0, 0.5, 0.3, 0.1):
        ...     watch.see(torch.full((8, 2), noise_to_signal), noise_to_signal)
        >>> watch.results()["variance/late"].shape
        torch.Size([8])
    """

    def __init__(
        self,
        windows: Mapping[str, Window] | None = None,
        observers: Mapping[str, TrajectoryObserver[Any]] | None = None,
    ) -> None:
        self.windows = dict(windows or {})
        self.observers: dict[str, TrajectoryObserver[Any]] = dict(observers or {})
        self._all = self.observers | ({_VARIANCE: TrajectoryVariance(self.windows)} if self.windows else {})
        self._states: dict[str, Any] | None = None
        self._levels: NoiseLevel | None = None
        self._num_seen = 0

    def start(self, x_t: Tensor | None = None, levels: NoiseLevel | None = None) -> None:
        """Start a batch.

        Args:
            x_t: The initial noise, (B, *sample_shape), model units. Observers see nan if None.
            levels: All S levels, noisiest first. None if they are unknown before the first step.

        Raises:
            ConfigurationError: If a window or an observer needs levels and there are none, or if they do not fit it.
        """
        self._levels, self._num_seen, self._states = levels, 0, {}
        if levels is None:
            self._check_unannounced()
            self._states = {_VARIANCE: WindowMoments({}, {})}
        elif x_t is not None:
            self._states = self._initial(x_t, levels)
        else:
            for window in self.windows.values():
                window.steps_left(levels)

    @torch.no_grad()
    def see(self, x_0_hat: Tensor, noise_to_signal: float, steps_left: int | None = None) -> None:
        """Observe one step.

        Args:
            x_0_hat: Predicted clean samples, (B, *sample_shape), model units.
            noise_to_signal: sigma / alpha of the step, the noise in units of the data.
            steps_left: Steps after this one, S - 1 at the first. If None it is counted, if the levels are known.

        Raises:
            ConfigurationError: If no batch was started, or the step was not announced.
        """
        if self._levels is not None:
            self.see_step(self._announced(self._levels, x_0_hat, noise_to_signal, steps_left))
            return
        states = self._started()
        inside = [name for name, window in self.windows.items() if window.holds(noise_to_signal)]
        states[_VARIANCE] = states[_VARIANCE].with_another(x_0_hat, inside)

    def see_step(self, step: SamplingStep) -> None:
        """Observe one of the announced steps."""
        states = self._started()
        self._states = {name: observer.update(states[name], step) for name, observer in self._all.items()}
        self._num_seen += 1

    def results(self) -> dict[str, Tensor]:
        """The statistics of each trajectory.

        Returns:
            ``variance/<window>``, (B,) float64, model units squared, for each window; and each observer's result.

        Raises:
            ConfigurationError: If a window holds fewer than 3 of the steps, or not all announced steps were seen.
        """
        states = self._started()
        if self._levels is not None and self._num_seen != len(self._levels):
            raise ConfigurationError(
                f"TrajectoryWatch: expected the {len(self._levels)} steps that were announced, got {self._num_seen}; "
                "call see() for each step"
            )
        results = {name: self._all[name].result(states[name]) for name in self.observers}
        if self.windows:
            moments: Mapping[str, Any] = states[_VARIANCE].moments
            for name, window in self.windows.items():
                window.check_count(moments[name].count if name in moments else 0)
            variances = self._all[_VARIANCE].result(states[_VARIANCE]).unbind(1)
            results |= dict(zip(map(variance_score, self.windows), variances, strict=True))
        return results

    def _started(self) -> dict[str, Any]:
        if self._states is None:
            raise ConfigurationError("TrajectoryWatch: expected start() before the first step, got none; call it")
        return self._states

    def _check_unannounced(self) -> None:
        for window in self.windows.values():
            window.noise_ends()
        if self.observers:
            raise ConfigurationError(
                f"TrajectoryWatch.start: expected the levels, which {', '.join(self.observers)} may need, got none; "
                "give them, or watch windows of noise_to_signal alone"
            )

    def _initial(self, x_t: Tensor, levels: NoiseLevel) -> dict[str, Any]:
        return {name: observer.init(x_t, levels) for name, observer in self._all.items()}

    def _announced(
        self, levels: NoiseLevel, x_0_hat: Tensor, noise_to_signal: float, steps_left: int | None
    ) -> SamplingStep:
        """The step, if it is the announced one; the noised state is unknown here."""
        left = len(levels) - 1 - self._num_seen if steps_left is None else steps_left
        if not 0 <= left < len(levels):
            raise ConfigurationError(
                f"TrajectoryWatch.see: expected the {len(levels)} steps that were announced, got one with {left} left"
            )
        level = levels[len(levels) - 1 - left : len(levels) - left]
        if not math.isclose(noise_to_signal, level.noise_to_signal.item(), rel_tol=_SAME):
            raise ConfigurationError(
                f"TrajectoryWatch.see: expected sigma / alpha {level.noise_to_signal.item():.4g}, announced for the "
                f"step with {left} left, got {noise_to_signal:.4g}; go from the noisiest level to the cleanest"
            )
        unknown = x_0_hat.new_full((), math.nan).expand_as(x_0_hat)
        if not self._states:
            self._states = self._initial(unknown, levels)
        return SamplingStep(left, level.to(x_0_hat.device, x_0_hat.dtype), unknown, x_0_hat)
