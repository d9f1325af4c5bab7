from lightning_modeinterp.diffusion.trajectories.observer import TrajectoryObserver
from lightning_modeinterp.diffusion.trajectories.recorder import TrajectoryRecorder
from lightning_modeinterp.diffusion.trajectories.variance import TrajectoryVariance
from lightning_modeinterp.diffusion.trajectories.window import Window

__all__ = ["TrajectoryObserver", "TrajectoryRecorder", "TrajectoryVariance", "Window"]
