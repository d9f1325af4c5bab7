"""The detector: how much the predicted clean sample still moves.

    Hal(x) = mean over coordinates of  1 / |W| sum_{t in W} (x_0_hat_t - mean_W x_0_hat)^2

The population variance over the reverse steps of a window W (Aithal et al. 2024, section 5, with ends T_1 and T_2; here
both are inclusive). Many windows are scored in one pass and no trajectory is kept: a window holds a count, a sum and a
sum of squares of the offsets from a pivot, the first x_0_hat in it. Without the pivot, the squared position would swamp
a variance that is 1e-6 of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel, SamplingStep
from lightning_modeinterp.trajectories.observer import TrajectoryObserver
from lightning_modeinterp.trajectories.window import Window


@dataclass(frozen=True)
class Moments:
    """Running moments of a tensor around a pivot; all fields except the count have the tensor's shape, in float64."""

    count: int
    pivot: Tensor
    total: Tensor
    total_of_squares: Tensor

    @classmethod
    def of(cls, x: Tensor) -> "Moments":
        """Moments of a single tensor, which becomes the pivot."""
        zeros = torch.zeros_like(x, dtype=torch.float64)
        return cls(1, x.to(torch.float64, copy=True), zeros, zeros)  # a loop may overwrite x in place

    def with_another(self, x: Tensor) -> "Moments":
        """Moments with one more tensor."""
        offset = x.double() - self.pivot
        return Moments(self.count + 1, self.pivot, self.total + offset, self.total_of_squares + offset.square())

    def variance(self) -> Tensor:
        """Population variance, same shape, never negative."""
        mean = self.total / self.count
        return (self.total_of_squares / self.count - mean.square()).clamp(min=0)


@dataclass(frozen=True)
class WindowMoments:
    """State of `TrajectoryVariance`: the steps of each window, if known, and its moments, once it has started."""

    steps: Mapping[str, range]
    moments: Mapping[str, Moments]

    def with_another(self, x_0_hat: Tensor, windows: Sequence[str]) -> "WindowMoments":
        """Moments with one more step, which is in some of the windows."""
        if not windows:
            return self
        seen = {
            name: self.moments[name].with_another(x_0_hat) if name in self.moments else Moments.of(x_0_hat)
            for name in windows
        }
        return WindowMoments(self.steps, {**self.moments, **seen})


class TrajectoryVariance(TrajectoryObserver[WindowMoments]):
    """Variance of x_0_hat over each of several windows.

    It cannot tell a sample that moves between two modes from one that moves because of large steps: compare only
    samples of the same sampler, steps and model.

    Args:
        windows: Windows by name, at least one.

    Raises:
        ConfigurationError: If there is no window.
    """

    def __init__(self, windows: Mapping[str, Window]) -> None:
        if not windows:
            raise ConfigurationError(
                "windows: expected at least one, got none; give for example last_10: {last_steps: 10}"
            )
        self.windows = dict(windows)

    def check(self, levels: NoiseLevel, sample_shape: Sequence[int]) -> None:
        """See `TrajectoryObserver.check`; every window must hold steps of the sampler."""
        self._steps(levels)

    def init(self, x_t: Tensor, levels: NoiseLevel) -> WindowMoments:
        """See `TrajectoryObserver.init`."""
        return WindowMoments(self._steps(levels), {})

    def update(self, state: WindowMoments, step: SamplingStep) -> WindowMoments:
        """See `TrajectoryObserver.update`."""
        return state.with_another(step.x_0_hat, [name for name, steps in state.steps.items() if step.index in steps])

    def result(self, state: WindowMoments) -> Tensor:
        """Variance of each sample in each window, (B, W) float64, model units squared, columns as in ``windows``."""
        return torch.stack([state.moments[name].variance().flatten(1).mean(1) for name in self.windows], dim=1)

    def _steps(self, levels: NoiseLevel) -> dict[str, range]:
        return {name: window.steps_left(levels) for name, window in self.windows.items()}


@torch.no_grad()
def trajectory_variance(
    x_0_hat: Tensor, window: Window, noise_to_signal: Sequence[float] | Tensor | None = None
) -> Tensor:
    """Variance of recorded x_0_hat over a window, from any sampler; equal to `TrajectoryVariance`.

    Args:
        x_0_hat: (S, B, *sample_shape), one per step of the reverse trajectory, noisiest first.
        window: The window.
        noise_to_signal: sigma / alpha of each step, S decreasing numbers; for a window of noise levels.

    Returns:
        (B,) float64, in the units of x_0_hat, squared.

    Raises:
        ConfigurationError: If the window holds fewer than 3 of the steps, or the levels do not fit them.

    Example:
        >>> x_0_hat = torch.tensor([[5.0, 1.0], [1.0, 1.0], [2.0, 1.0], [3.0, 1.0]]).unsqueeze(2)
        >>> trajectory_variance(x_0_hat, Window(last_steps=3))
        tensor([0.6667, 0.0000], dtype=torch.float64)
    """
    noise = None if noise_to_signal is None else torch.as_tensor(noise_to_signal, dtype=torch.float64).flatten()
    if noise is not None and (len(noise) != len(x_0_hat) or not (noise.diff() < 0).all()):
        raise ConfigurationError(
            f"noise_to_signal: expected a level for each of the {len(x_0_hat)} steps, noisiest first, got {len(noise)}"
            + (" that do not decrease" if len(noise) == len(x_0_hat) else "")
        )
    steps = window.steps_among(len(x_0_hat), noise)
    first, *others = x_0_hat[len(x_0_hat) - steps.stop : len(x_0_hat) - steps.start]
    moments = Moments.of(first)
    for each in others:
        moments = moments.with_another(each)
    return moments.variance().flatten(1).mean(1)
