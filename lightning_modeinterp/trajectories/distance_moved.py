"""The simplest alternative to the variance: how far the predicted clean sample moves over a window.

moved(x) = |x_0_hat at the window's last step - x_0_hat at its first|
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from lightning_modeinterp.records import NoiseLevel, SamplingStep
from lightning_modeinterp.trajectories.observer import TrajectoryObserver
from lightning_modeinterp.trajectories.window import Window


@dataclass(frozen=True)
class Ends:
    """State of `DistanceMoved`: the window's steps and x_0_hat at its first and latest, (B, *sample_shape) float64."""

    steps: range
    first: Tensor
    last: Tensor


class DistanceMoved(TrajectoryObserver[Ends]):
    """Distance from the first x_0_hat of a window to its last, model units.

    It cannot tell a sample that moved and came back from one that did not move.

    Args:
        window: The window. The last 10 steps if None.
    """

    is_score: ClassVar[bool] = True

    def __init__(self, window: Window | None = None) -> None:
        self.window = Window(last_steps=10) if window is None else window

    def check(self, levels: NoiseLevel, sample_shape: Sequence[int]) -> None:
        """See `TrajectoryObserver.check`; the window must hold steps of the sampler."""
        self.window.steps_left(levels)

    def init(self, x_t: Tensor, levels: NoiseLevel) -> Ends:
        """See `TrajectoryObserver.init`."""
        return Ends(self.window.steps_left(levels), x_t.double(), x_t.double())

    def update(self, state: Ends, step: SamplingStep) -> Ends:
        """See `TrajectoryObserver.update`."""
        if step.index not in state.steps:
            return state
        x = step.x_0_hat.double()
        return Ends(state.steps, x if step.index == state.steps[-1] else state.first, x)

    def result(self, state: Ends) -> Tensor:
        """Distance of each sample, (B,) float64, model units."""
        distance: Tensor = torch.linalg.vector_norm((state.last - state.first).flatten(1), dim=1)
        return distance
