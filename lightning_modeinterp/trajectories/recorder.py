"""Whole trajectories, of a few samples: the only observer whose memory grows with the number of steps."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lightning_modeinterp.records import NoiseLevel, SamplingStep
from lightning_modeinterp.trajectories.observer import TrajectoryObserver


@dataclass(frozen=True)
class RecordedSteps:
    """State of `TrajectoryRecorder`: which rows, (n,) int64 on the device, and their x_0_hat at each step so far."""

    rows: Tensor
    x_0_hat: tuple[Tensor, ...] = ()


class TrajectoryRecorder(TrajectoryObserver[RecordedSteps]):
    """Keep every x_0_hat of chosen samples.

    Which samples are worth a look is known only after sampling, so draw their block again with this observer: a block
    depends on its key alone.

    Args:
        rows: Positions of the samples within the block.
    """

    def __init__(self, rows: Sequence[int]) -> None:
        self.rows = list(rows)

    def init(self, x_t: Tensor, levels: NoiseLevel) -> RecordedSteps:
        """See `TrajectoryObserver.init`."""
        return RecordedSteps(torch.tensor(self.rows, device=x_t.device, dtype=torch.int64))

    def update(self, state: RecordedSteps, step: SamplingStep) -> RecordedSteps:
        """See `TrajectoryObserver.update`."""
        return RecordedSteps(state.rows, (*state.x_0_hat, step.x_0_hat[state.rows]))

    def result(self, state: RecordedSteps) -> Tensor:
        """The x_0_hat of the chosen rows, (len(rows), S, *sample_shape), first step first, model units."""
        return torch.stack(state.x_0_hat, dim=1)
