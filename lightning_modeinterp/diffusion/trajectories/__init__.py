from lightning_modeinterp.diffusion.trajectories.distance_moved import DistanceMoved
from lightning_modeinterp.diffusion.trajectories.observer import TrajectoryObserver
from lightning_modeinterp.diffusion.trajectories.path_length import PathLength
from lightning_modeinterp.diffusion.trajectories.recorder import TrajectoryRecorder
from lightning_modeinterp.diffusion.trajectories.variance import TrajectoryVariance
from lightning_modeinterp.diffusion.trajectories.variance_map import VarianceMap
from lightning_modeinterp.diffusion.trajectories.variance_summaries import VarianceSummaries
from lightning_modeinterp.diffusion.trajectories.window import Window
from lightning_modeinterp.diffusion.trajectories.window_sweep import WindowSweep

__all__ = [
    "DistanceMoved",
    "PathLength",
    "TrajectoryObserver",
    "TrajectoryRecorder",
    "TrajectoryVariance",
    "VarianceMap",
    "VarianceSummaries",
    "Window",
    "WindowSweep",
]
