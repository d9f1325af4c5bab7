"""A simple alternative to the variance: how far the predicted clean sample travels.

    length(x) = sum_{t in W} |x_0_hat_t - x_0_hat_{t+1}|

over the steps of a window W (t counts the steps left, so t + 1 comes first), or over the whole trajectory.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from lightning_modeinterp.records import NoiseLevel, SamplingStep
from lightning_modeinterp.trajectories.observer import TrajectoryObserver
from lightning_modeinterp.trajectories.window import Window


@dataclass(frozen=True)
class Path:
    """State of `PathLength`: the window's steps, the length so far (B,) and the latest x_0_hat (B, *sample_shape)."""

    steps: range
    length: Tensor
    end: Tensor | None = None


class PathLength(TrajectoryObserver[Path]):
    """Length of the path of x_0_hat, model units.

    It cannot tell a long way to the sample from movement back and forth.

    Args:
        window: The window. The whole trajectory if None.
    """

    is_score: ClassVar[bool] = True

    def __init__(self, window: Window | None = None) -> None:
        self.window = window

    def check(self, levels: NoiseLevel, sample_shape: Sequence[int]) -> None:
        """See `TrajectoryObserver.check`; the window must hold steps of the sampler."""
        self._steps(levels)

    def init(self, x_t: Tensor, levels: NoiseLevel) -> Path:
        """See `TrajectoryObserver.init`."""
        return Path(self._steps(levels), torch.zeros(len(x_t), dtype=torch.float64, device=x_t.device))

    def update(self, state: Path, step: SamplingStep) -> Path:
        """See `TrajectoryObserver.update`."""
        if step.index not in state.steps:
            return state
        x = step.x_0_hat.double()
        if state.end is None:
            return replace(state, end=x)
        return replace(state, length=state.length + (x - state.end).flatten(1).norm(dim=1), end=x)

    def result(self, state: Path) -> Tensor:
        """Length of each path, (B,) float64, model units."""
        return state.length

    def _steps(self, levels: NoiseLevel) -> range:
        return range(len(levels)) if self.window is None else self.window.steps_left(levels)
