from lightning_modeinterp.callbacks.exclusion import ExclusionMonitor
from lightning_modeinterp.callbacks.figure_logger import FigureLogger
from lightning_modeinterp.callbacks.hallucination_monitor import HallucinationMonitor
from lightning_modeinterp.callbacks.last_checkpoint import LastCheckpoint
from lightning_modeinterp.callbacks.late_averaging import LateAveraging
from lightning_modeinterp.callbacks.sample_store_callback import SampleStoreCallback
from lightning_modeinterp.callbacks.trajectory_variance_logger import TrajectoryVarianceLogger

__all__ = [
    "ExclusionMonitor",
    "FigureLogger",
    "HallucinationMonitor",
    "LastCheckpoint",
    "LateAveraging",
    "SampleStoreCallback",
    "TrajectoryVarianceLogger",
]
