"""Trajectory variance per coordinate."""

from collections.abc import Mapping, Sequence

from torch import Tensor

from lightning_modeinterp.trajectories.variance import TrajectoryVariance, WindowMoments
from lightning_modeinterp.trajectories.window import Window


class VarianceMap(TrajectoryVariance):
    """Variance of x_0_hat over a window for each coordinate; its mean is the trajectory variance.

    In a sample store it takes as much space as the samples.

    Args:
        window: The window.
        rows: Positions of the samples within the block. All if None.
    """

    def __init__(self, window: Window, rows: Sequence[int] | None = None) -> None:
        windows: Mapping[str, Window] = {"map": window}
        super().__init__(windows)
        self.rows = None if rows is None else list(rows)

    @property
    def picked_rows(self) -> Sequence[int] | None:
        """See `TrajectoryObserver.picked_rows`."""
        return self.rows

    def result(self, state: WindowMoments) -> Tensor:
        """Variance of each coordinate, (B or len(rows), *sample_shape) float32, model units squared."""
        variance = state.moments["map"].variance().float()
        return variance if self.rows is None else variance[self.rows]
