"""The interface of samplers, and the loop: a sampler sets its `levels` and the update from one level to the next.

Every sampler here uses a linear update with one draw of noise,

    x_s = a x_t + b x_0_hat + c eps,

so a subclass gives its three scales for all pairs of levels at once (`update_scales`); they are computed in float64
and used in the sampler's float32. A sampler with another update overrides `step`.
"""

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

from lightning_modeinterp.diffusion.noise_schedules import NoiseSchedule
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel, SamplingStep
from lightning_modeinterp.trajectories import TrajectoryObserver, TrajectoryWatch, Window

PredictX0 = Callable[[Tensor, NoiseLevel], Tensor]
"""Maps x_t (B, *sample_shape) and a level of shape (1,) to x_0_hat, both in model units."""


@dataclass(frozen=True)
class UpdateScales:
    """Scales of a linear update, each of shape (S,), or () for a single step."""

    x_t: Tensor
    x_0_hat: Tensor
    noise: Tensor


class Sampler(ABC):
    """Maps noise to samples.

    Args:
        num_steps: Number S of levels, evenly spaced over the schedule's T, or over time, in any number, on a
            continuous schedule. All T of them if None. S levels are S calls of the network: S - 1 steps from t = 1 to
            t = 0, and a last one from there to the prediction.
        start_alpha_bar: Start at the noisiest level whose alpha^2 reaches this. 0 starts at t = 1, as published. A
            small value (1e-7) skips levels where x_t is pure noise; it changes the samples.
        x_0_range: Clip x_0_hat to this range, lowest and highest value in model units, before each step; the implied
            noise follows. Trajectory statistics see the clipped x_0_hat. No clipping if None, as published.

    Raises:
        ConfigurationError: For num_steps < 2, start_alpha_bar outside [0, 1) or an empty range.
    """

    def __init__(
        self,
        num_steps: int | None = None,
        start_alpha_bar: float = 0.0,
        x_0_range: tuple[float, float] | None = None,
    ) -> None:
        _check_num_steps(num_steps)
        if not 0 <= start_alpha_bar < 1:
            raise ConfigurationError(f"sampler.start_alpha_bar: expected a number in [0, 1), got {start_alpha_bar}")
        if x_0_range is not None and not x_0_range[0] < x_0_range[1]:  # nan too
            raise ConfigurationError(
                f"sampler.x_0_range: expected a lowest and a higher value, or null, got {list(x_0_range)}"
            )
        self.num_steps = num_steps
        self.start_alpha_bar = start_alpha_bar
        self.x_0_range = x_0_range

    def with_num_steps(self, num_steps: int | None) -> Self:
        """The sampler with another number of steps; itself if None.

        Raises:
            ConfigurationError: For fewer than 2 steps.
        """
        if num_steps is None:
            return self
        _check_num_steps(num_steps)
        other = copy.copy(self)
        other.num_steps = num_steps
        return other

    @torch.no_grad()
    def levels(self, schedule: NoiseSchedule) -> NoiseLevel:
        """Levels of the sampler.

        Returns:
            S levels in float64, noisiest first: from the schedule's grid, or at evenly spaced times if the schedule is
            continuous.

        Raises:
            ConfigurationError: If there are more steps than levels in the grid of a discrete schedule.
        """
        grid = schedule.grid()
        grid = grid[grid.alpha.square() >= self.start_alpha_bar]
        if len(grid) < 2:
            raise ConfigurationError(
                f"sampler.start_alpha_bar: expected a value that the noise schedule's levels reach, got "
                f"{self.start_alpha_bar}, which leaves {len(grid)} of them; lower it"
            )
        num_steps = len(grid) if self.num_steps is None else self.num_steps
        if schedule.is_continuous:
            start = (len(grid) - 1) / (schedule.num_steps - 1)
            return schedule.level(torch.linspace(start, 0, num_steps, dtype=torch.float64))
        if num_steps > len(grid):
            raise ConfigurationError(
                f"sampler.num_steps: expected at most the {len(grid)} levels of the noise schedule, got {num_steps}; "
                "use fewer steps or a schedule with more"
            )
        index = torch.linspace(len(grid) - 1, 0, num_steps, dtype=torch.float64).round().long()
        return grid[index]

    @abstractmethod
    def update_scales(self, level: NoiseLevel, next_level: NoiseLevel) -> UpdateScales:
        """Scales of the update from each level to the next.

        Args:
            level: (S,) float64.
            next_level: (S,) float64. The last one is the clean end, gamma = -inf.
        """

    def step(self, step: SamplingStep, scales: UpdateScales, noise: Tensor) -> Tensor:
        """State at the next level, (B, *sample_shape), model units.

        Args:
            step: Current step of the trajectory.
            scales: Scales of this step, each of shape ().
            noise: Standard normal, like x_t.
        """
        return scales.x_t * step.x_t + scales.x_0_hat * step.x_0_hat + scales.noise * noise

    def sample(
        self,
        predict_x_0: PredictX0,
        schedule: NoiseSchedule,
        draw_noise: Callable[[], Tensor],
        observers: Mapping[str, TrajectoryObserver[Any]],
        windows: Mapping[str, Window] | None = None,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Draw one block.

        Args:
            predict_x_0: The model.
            schedule: Its noise schedule.
            draw_noise: Gives the next standard normal tensor, (B, *sample_shape); it decides block size and device.
            observers: Trajectory statistics by name.
            windows: Windows of the variance by name.

        Returns:
            Samples (B, *sample_shape) in model units, and the results of `TrajectoryWatch`.
        """
        levels = self.levels(schedule)
        scales = self.update_scales(levels, followed_by_clean(levels))
        is_noisy = (scales.noise != 0).tolist()
        x_t = draw_noise()
        levels_x, scales = levels.to(x_t.device, x_t.dtype), _to(scales, x_t)
        watch = TrajectoryWatch(windows, observers)
        watch.start(x_t, levels)
        for i in range(len(levels)):
            level = levels_x[i : i + 1]
            step = SamplingStep(len(levels) - 1 - i, level, x_t, self._within_range(predict_x_0(x_t, level)))
            watch.see_step(step)
            noise = draw_noise() if is_noisy[i] else torch.zeros_like(x_t)
            x_t = self.step(step, UpdateScales(scales.x_t[i], scales.x_0_hat[i], scales.noise[i]), noise)
        return x_t, watch.results()

    def _within_range(self, x_0_hat: Tensor) -> Tensor:
        return x_0_hat if self.x_0_range is None else x_0_hat.clamp(*self.x_0_range)


def followed_by_clean(levels: NoiseLevel) -> NoiseLevel:
    """The next level of each given one; the last is followed by the clean end, t = 0 and gamma = -inf."""
    t = torch.cat([levels.t[1:], levels.t.new_zeros(1)])
    gamma = torch.cat([levels.gamma[1:], levels.gamma.new_full((1,), -math.inf)])
    return NoiseLevel(t, gamma)


def _check_num_steps(num_steps: int | None) -> None:
    if num_steps is not None and num_steps < 2:
        raise ConfigurationError(f"sampler.num_steps: expected at least 2, got {num_steps}")


def _to(scales: UpdateScales, like: Tensor) -> UpdateScales:
    return UpdateScales(*(s.to(device=like.device, dtype=like.dtype) for s in vars(scales).values()))
