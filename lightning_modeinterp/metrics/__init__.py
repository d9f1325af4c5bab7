"""Metrics of generated samples: torchmetrics classes around the pure functions in `functional`."""

from typing import Any

from lightning_modeinterp.metrics.diverged_rate import DivergedRate
from lightning_modeinterp.metrics.frechet_distance import FrechetDistance
from lightning_modeinterp.metrics.generation_metric import GenerationMetric
from lightning_modeinterp.metrics.hallucination_detection import HallucinationDetection
from lightning_modeinterp.metrics.highest_variance import HighestSamples, HighestVariance
from lightning_modeinterp.metrics.kernel_distance import KernelDistance
from lightning_modeinterp.metrics.of_features import FeatureNetwork
from lightning_modeinterp.metrics.support_rates import SupportRates
from lightning_modeinterp.metrics.trajectory_variance_histogram import TrajectoryVarianceHistogram
from lightning_modeinterp.metrics.trajectory_variance_scores import TrajectoryVarianceScores
from lightning_modeinterp.moved_names import moved

__all__ = [
    "DivergedRate",
    "FeatureNetwork",
    "FrechetDistance",
    "GenerationMetric",
    "HallucinationDetection",
    "HighestSamples",
    "HighestVariance",
    "KernelDistance",
    "SupportRates",
    "TrajectoryVarianceHistogram",
    "TrajectoryVarianceScores",
]


def __getattr__(name: str) -> Any:
    """Resolve old names of metrics that have moved to their data."""
    return moved(__name__, name)
