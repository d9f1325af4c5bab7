"""Whole trajectories, of a few samples: the only observer whose memory grows with the number of steps."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lightning_modeinterp.diffusion.trajectories.observer import TrajectoryObserver
from lightning_modeinterp.records import NoiseLevel, SamplingStep


class TrajectoryRecorder(TrajectoryObserver[tuple[Tensor, ...]]):
    """Keep every x_0_hat of chosen samples.

    Which samples are worth a look is known only after sampling, so draw their block again with this observer: a block
    depends on its key alone.

    Args:
        rows: Positions of the samples within the block.
    """

    def __init__(self, rows: Sequence[int]) -> None:
        self.rows = list(rows)

    def init(self, x_t: Tensor, levels: NoiseLevel) -> tuple[Tensor, ...]:
        """See `TrajectoryObserver.init`."""
        return ()

    def update(self, state: tuple[Tensor, ...], step: SamplingStep) -> tuple[Tensor, ...]:
        """See `TrajectoryObserver.update`."""
        return (*state, step.x_0_hat[self.rows])

    def result(self, state: tuple[Tensor, ...]) -> Tensor:
        """The x_0_hat of the chosen rows, (len(rows), S, *sample_shape), first step first, model units."""
        return torch.stack(state, dim=1)
