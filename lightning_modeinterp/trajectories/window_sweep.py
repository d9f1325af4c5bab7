"""Trajectory variance over every window between given noise levels, in one pass.

With edges ``e_0 < e_1 < ...`` (sigma / alpha) the windows are all ``[e_i, e_j]``, ends inclusive. They overlap, so each
is combined from segments, runs of steps within which no window starts or ends. A segment holds its count n, mean m and
sum of squared deviations M; two of them are merged by (Chan, Golub and LeVeque 1979)

    n = n_a + n_b,   m = m_a + (m_b - m_a) n_b / n,   M = M_a + M_b + (m_b - m_a)^2 n_a n_b / n,

which stays accurate even if a window's variance is a billionth of the distance that x_0_hat has moved. Memory is
O(samples x edges), for any number of windows and steps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel, SamplingStep
from lightning_modeinterp.trajectories.observer import TrajectoryObserver
from lightning_modeinterp.trajectories.variance import Moments
from lightning_modeinterp.trajectories.window import Window


@dataclass(frozen=True)
class SweepMoments:
    """State of `WindowSweep`.

    Args:
        windows: The steps of every window.
        segments: The steps of every segment.
        moments: Moments of each segment that has started.
        last: The last x_0_hat, if needed.
    """

    windows: Sequence[range]
    segments: Sequence[range]
    moments: Mapping[int, Moments]
    last: Tensor | None = None


class WindowSweep(TrajectoryObserver[SweepMoments]):
    """Variance of x_0_hat over every window between the edges, to choose the best one.

    It equals `TrajectoryVariance` on the same windows. A window that was chosen on some samples has to be evaluated on
    others: the best of many is partly luck.

    Args:
        noise_to_signal: The edges, increasing; at least two.

    Raises:
        ConfigurationError: For fewer than two edges, or edges that are not positive and increasing.
    """

    def __init__(self, noise_to_signal: Sequence[float]) -> None:
        self.edges = tuple(map(float, noise_to_signal))
        if len(self.edges) < 2 or not all(0 < low < high for low, high in pairwise(self.edges)):
            raise ConfigurationError(
                f"WindowSweep.noise_to_signal: expected at least two increasing levels > 0, got {list(self.edges)}"
            )

    def windows(self, levels: NoiseLevel) -> tuple[Window, ...]:
        """The windows in the order of the result's columns: all pairs of edges with at least 3 steps between them.

        Args:
            levels: The sampler's S levels, noisiest first.
        """
        pairs = ((low, high) for i, low in enumerate(self.edges) for high in self.edges[i + 1 :])
        windows = (Window(noise_to_signal=pair) for pair in pairs)
        return tuple(window for window in windows if window.fits(levels))

    def check(self, levels: NoiseLevel, sample_shape: Sequence[int]) -> None:
        """See `TrajectoryObserver.check`; at least one window must hold 3 steps of the sampler."""
        if not self.windows(levels):
            noise = levels.noise_to_signal
            raise ConfigurationError(
                "WindowSweep.noise_to_signal: expected levels with at least 3 of the sampler's steps between some two, "
                f"got {self.edges[0]:.4g}..{self.edges[-1]:.4g} with a sampler from {noise[0]:.4g} to {noise[-1]:.4g}"
            )

    def init(self, x_t: Tensor, levels: NoiseLevel) -> SweepMoments:
        """See `TrajectoryObserver.init`."""
        self.check(levels, x_t.shape[1:])
        windows = [window.steps_left(levels) for window in self.windows(levels)]
        breaks = sorted({steps.start for steps in windows} | {steps.stop for steps in windows})
        return SweepMoments(windows, [range(*ends) for ends in pairwise(breaks)], {})

    def update(self, state: SweepMoments, step: SamplingStep) -> SweepMoments:
        """See `TrajectoryObserver.update`."""
        for number, steps in enumerate(state.segments):
            if step.index in steps:
                known, x = state.moments.get(number), step.x_0_hat
                moments = Moments.of(x) if known is None else known.with_another(x)
                return replace(state, moments={**state.moments, number: moments})
        return state

    def result(self, state: SweepMoments) -> Tensor:
        """Variance of each sample in each window, (B, W) float64, model units squared; columns as in `windows`."""
        return torch.stack([variance.flatten(1).mean(1) for variance in self.variances(state)], dim=1)

    def variances(self, state: SweepMoments) -> list[Tensor]:
        """Variance of every coordinate in each window, W of (B, *sample_shape) float64, model units squared."""
        parts = [_Spread.of(state.moments[number]) for number in range(len(state.segments))]
        wanted, variances = set(state.windows), dict[range, Tensor]()
        for first, steps in enumerate(state.segments):
            joined = None
            for last in range(first, len(parts)):
                joined = parts[last] if joined is None else joined.with_another(parts[last])
                window = range(steps.start, state.segments[last].stop)
                if window in wanted:
                    variances[window] = joined.variance()
        return [variances[window] for window in state.windows]


@dataclass(frozen=True)
class _Spread:
    """Count, mean and sum of squared deviations from it, both (B, *sample_shape)."""

    count: int
    mean: Tensor
    squared_deviations: Tensor

    @classmethod
    def of(cls, moments: Moments) -> "_Spread":
        mean = moments.pivot + moments.total / moments.count
        return cls(moments.count, mean, moments.count * moments.variance())

    def with_another(self, other: "_Spread") -> "_Spread":
        count, apart = self.count + other.count, other.mean - self.mean
        return _Spread(
            count,
            self.mean + apart * (other.count / count),
            self.squared_deviations + other.squared_deviations + apart.square() * (self.count * other.count / count),
        )

    def variance(self) -> Tensor:
        """Population variance, (B, *sample_shape)."""
        return self.squared_deviations / self.count
