"""Means over training seeds, which differ more than samples do."""

import math
import statistics
from collections.abc import Sequence

from scipy.stats import t as student_t


def mean_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean and 95 % t-interval of at least two values."""
    mean = statistics.mean(values)
    half = float(student_t.ppf(0.975, len(values) - 1)) * statistics.stdev(values) / math.sqrt(len(values))
    return mean, mean - half, mean + half
