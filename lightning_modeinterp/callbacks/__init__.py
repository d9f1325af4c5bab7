from typing import Any

from lightning_modeinterp.callbacks.figure_logger import FigureLogger
from lightning_modeinterp.callbacks.hallucination_monitor import HallucinationMonitor
from lightning_modeinterp.callbacks.last_checkpoint import LastCheckpoint
from lightning_modeinterp.callbacks.late_averaging import LateAveraging
from lightning_modeinterp.callbacks.placed_checkpoints import PlacedCheckpoints
from lightning_modeinterp.callbacks.sample_store_callback import SampleStoreCallback
from lightning_modeinterp.callbacks.steps_bar import StepsBar
from lightning_modeinterp.callbacks.trajectory_variance_logger import TrajectoryVarianceLogger
from lightning_modeinterp.callbacks.validation_probes import ValidationProbes
from lightning_modeinterp.moved_names import moved

__all__ = [
    "FigureLogger",
    "HallucinationMonitor",
    "LastCheckpoint",
    "LateAveraging",
    "PlacedCheckpoints",
    "SampleStoreCallback",
    "StepsBar",
    "TrajectoryVarianceLogger",
    "ValidationProbes",
]


def __getattr__(name: str) -> Any:
    """Resolve old names of renamed classes."""
    return moved(__name__, name)
