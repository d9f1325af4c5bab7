from lightning_modeinterp.trajectories.distance_moved import DistanceMoved
from lightning_modeinterp.trajectories.observer import TrajectoryObserver
from lightning_modeinterp.trajectories.path_length import PathLength
from lightning_modeinterp.trajectories.recorder import TrajectoryRecorder
from lightning_modeinterp.trajectories.variance import TrajectoryVariance, trajectory_variance
from lightning_modeinterp.trajectories.variance_map import VarianceMap
from lightning_modeinterp.trajectories.variance_summaries import VarianceSummaries
from lightning_modeinterp.trajectories.watch import TrajectoryWatch
from lightning_modeinterp.trajectories.window import Window
from lightning_modeinterp.trajectories.window_sweep import WindowSweep

__all__ = [
    "DistanceMoved",
    "PathLength",
    "TrajectoryObserver",
    "TrajectoryRecorder",
    "TrajectoryVariance",
    "TrajectoryWatch",
    "VarianceMap",
    "VarianceSummaries",
    "Window",
    "WindowSweep",
    "trajectory_variance",
]
