"""The seam and the loop: a sampler says where it stops (`levels`) and how it goes on from one level to the next.

Every sampler here moves by a linear update with one draw of noise,

    x_s = a x_t + b x_0_hat + c eps,

so a subclass writes its three scales for all pairs of levels at once (`update_scales`); they are computed in float64
and used in the sampler's float32. A sampler that moves in another way overrides `step`.
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
"""From x_t (B, *sample_shape) and a level of shape (1,) to x_0_hat, both in model units."""


@dataclass(frozen=True)
class UpdateScales:
    """Scales of a linear update, each of shape (S,), or () for a single step."""

    x_t: Tensor
    x_0_hat: Tensor
    noise: Tensor


class Sampler(ABC):
    """Walks from noise to samples.

    Args:
        num_steps: Number S of levels, spread evenly over the schedule's T; on a continuous schedule over time, and as
            many as one likes. All T of them if None. S levels are S calls of the network: S - 1 moves from t = 1 to
            t = 0, and a last one from there to the prediction.
        start_alpha_bar: Begin at the noisiest level whose alpha^2 reaches this. 0 begins at t = 1, as published. A
            small value (1e-7) skips levels where x_t holds no trace of the data; it is part of what the samples depend
            on.
        x_0_range: Clip x_0_hat to this range before the step, lowest and highest value in model units; the noise that a
            sampler implies follows. Trajectory statistics see the clipped x_0_hat. None leaves it as it is, as
            published.

    Raises:
        ConfigurationError: For num_steps < 2, start_alpha_bar outside [0, 1) or a range without a width.
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
        """The same sampler with another number of steps; itself if None.

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
        """Levels that the sampler stops at.

        Returns:
            S levels in float64, noisiest first: of the schedule's grid, or at evenly spaced times where the schedule
            is continuous.

        Raises:
            ConfigurationError: If more steps are asked for than the grid of a discrete schedule has levels.
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
                "take fewer steps or a schedule with more"
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
            step: Where the trajectory stands.
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
            Samples (B, *sample_shape) in model units, and what `TrajectoryWatch` makes of observers and windows.
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
    """The level after each of the given ones; after the last comes the clean end, t = 0 and gamma = -inf."""
    t = torch.cat([levels.t[1:], levels.t.new_zeros(1)])
    gamma = torch.cat([levels.gamma[1:], levels.gamma.new_full((1,), -math.inf)])
    return NoiseLevel(t, gamma)


def _check_num_steps(num_steps: int | None) -> None:
    if num_steps is not None and num_steps < 2:
        raise ConfigurationError(f"sampler.num_steps: expected at least 2, got {num_steps}")


def _to(scales: UpdateScales, like: Tensor) -> UpdateScales:
    return UpdateScales(*(s.to(device=like.device, dtype=like.dtype) for s in vars(scales).values()))
