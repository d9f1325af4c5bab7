"""Where on a sample the prediction still moves."""

from collections.abc import Mapping

from torch import Tensor

from lightning_modeinterp.diffusion.trajectories.variance import TrajectoryVariance, WindowMoments
from lightning_modeinterp.diffusion.trajectories.window import Window


class VarianceMap(TrajectoryVariance):
    """Variance of x_0_hat over a window, coordinate by coordinate; its mean is the trajectory variance.

    In a sample store it takes as much room as the samples.

    Args:
        window: The window.
    """

    def __init__(self, window: Window) -> None:
        windows: Mapping[str, Window] = {"map": window}
        super().__init__(windows)

    def result(self, state: WindowMoments) -> Tensor:
        """Variance of each coordinate, (B, *sample_shape) float32, model units squared."""
        return state.moments["map"].variance().float()
