"""Metrics of generated samples: torchmetrics shells over the pure functions in `functional`."""

from lightning_modeinterp.metrics.generation_metric import GenerationMetric
from lightning_modeinterp.metrics.mode_statistics import ModeStatistics
from lightning_modeinterp.metrics.support_rates import SupportRates
from lightning_modeinterp.metrics.trajectory_variance_detection import TrajectoryVarianceDetection

__all__ = [
    "GenerationMetric",
    "ModeStatistics",
    "SupportRates",
    "TrajectoryVarianceDetection",
]
