"""Metrics of generated samples: torchmetrics shells over the pure functions in `functional`."""

from lightning_modeinterp.metrics.generation_metric import GenerationMetric
from lightning_modeinterp.metrics.highest_variance import HighestSamples, HighestVariance
from lightning_modeinterp.metrics.support_rates import SupportRates
from lightning_modeinterp.metrics.trajectory_variance_detection import TrajectoryVarianceDetection
from lightning_modeinterp.metrics.trajectory_variance_histogram import TrajectoryVarianceHistogram

__all__ = [
    "GenerationMetric",
    "HighestSamples",
    "HighestVariance",
    "SupportRates",
    "TrajectoryVarianceDetection",
    "TrajectoryVarianceHistogram",
]
