"""Whole trajectories: the only observer whose memory grows with the number of steps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel, SamplingStep
from lightning_modeinterp.trajectories.observer import TrajectoryObserver
from lightning_modeinterp.trajectories.window import Window


@dataclass(frozen=True)
class RecordedSteps:
    """State of `TrajectoryRecorder`.

    Args:
        rows: Rows to keep, (n,) int64 on the device; None for all.
        steps: Steps to keep, by the number of steps left.
        x_0_hat: The x_0_hat of each of these steps so far.
    """

    rows: Tensor | None
    steps: range
    x_0_hat: tuple[Tensor, ...] = ()


class TrajectoryRecorder(TrajectoryObserver[RecordedSteps]):
    """Keep x_0_hat itself, of all or some samples, at all or some steps.

    Which samples are interesting is known only after sampling, so redraw their block with this observer: a block
    depends only on its key. As one of a generation's observers it keeps every sample, so choose few steps.

    Args:
        rows: Positions of the samples within the block. All if None.
        window: Steps to keep. All if None.
        every: Only every n-th of these, counted from the last one, which is kept.

    Raises:
        ConfigurationError: For ``every`` < 1.
    """

    def __init__(self, rows: Sequence[int] | None = None, window: Window | None = None, every: int = 1) -> None:
        if every < 1:
            raise ConfigurationError(f"TrajectoryRecorder.every: expected at least 1, got {every}")
        self.rows = None if rows is None else list(rows)
        self.window = window
        self.every = every

    @property
    def picked_rows(self) -> Sequence[int] | None:
        """See `TrajectoryObserver.picked_rows`."""
        return self.rows

    def check(self, levels: NoiseLevel, sample_shape: Sequence[int]) -> None:
        """See `TrajectoryObserver.check`; a window must hold steps of the sampler."""
        self._steps(levels)

    def init(self, x_t: Tensor, levels: NoiseLevel) -> RecordedSteps:
        """See `TrajectoryObserver.init`."""
        rows = None if self.rows is None else torch.tensor(self.rows, device=x_t.device, dtype=torch.int64)
        return RecordedSteps(rows, self._steps(levels))

    def update(self, state: RecordedSteps, step: SamplingStep) -> RecordedSteps:
        """See `TrajectoryObserver.update`."""
        if step.index not in state.steps:
            return state
        x_0_hat = step.x_0_hat.clone() if state.rows is None else step.x_0_hat[state.rows]
        return replace(state, x_0_hat=(*state.x_0_hat, x_0_hat))

    def result(self, state: RecordedSteps) -> Tensor:
        """The x_0_hat of the rows, (B or len(rows), steps, *sample_shape), in order of steps, model units."""
        return torch.stack(state.x_0_hat, dim=1)

    def _steps(self, levels: NoiseLevel) -> range:
        steps = range(len(levels)) if self.window is None else self.window.steps_left(levels)
        return steps[:: self.every]
