"""Estimates over seeds: the mean of one number per seed, and its interval.

Seeds differ more than samples, so an interval is over seeds. A few seeds may agree by chance, so it is never narrower
than the interval from the counts within them. Ratios are handled as logarithms.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import t as student_t
from torch import Tensor

Z_95 = 1.959964
HALF = 0.5
"""Added to every count of a ratio, so that 0 gives a finite logarithm."""


@dataclass(frozen=True)
class Measured:
    """A number of one seed.

    Args:
        value: The number; nan if there was nothing to measure.
        error: Its standard error from the samples behind it, >= 0.
    """

    value: float
    error: float = 0.0

    def __sub__(self, other: "Measured") -> "Measured":
        return Measured(self.value - other.value, math.hypot(self.error, other.error))


@dataclass(frozen=True)
class Estimate:
    """Mean over seeds with its 95 % interval; no interval for fewer than two seeds, or if one is nan."""

    mean: float
    low: float
    high: float


def mean_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean and 95 % t-interval of at least two values.

    Example:
        >>> mean, low, high = mean_interval([1.0, 2.0, 3.0])
        >>> mean, round(low, 3), round(high, 3)
        (2.0, -0.484, 4.484)
    """
    mean = statistics.mean(values)
    half = float(student_t.ppf(0.975, len(values) - 1)) * statistics.stdev(values) / math.sqrt(len(values))
    return mean, mean - half, mean + half


def estimate(seeds: Sequence[Measured]) -> Estimate:
    """Mean over seeds with the wider of two intervals: over seeds, and of the samples within them.

    Example:
        >>> estimate([Measured(1.0), Measured(2.0), Measured(3.0)]).mean
        2.0
    """
    values = [each.value for each in seeds]
    if len(values) < 2 or any(map(math.isnan, values)):
        return Estimate(statistics.fmean(values) if values else math.nan, math.nan, math.nan)
    mean, low, _high = mean_interval(values)
    within = Z_95 * math.sqrt(sum(each.error**2 for each in seeds)) / len(seeds)
    half = max(mean - low, within)
    return Estimate(mean, mean - half, mean + half)


def share(hits: int, total: int) -> Measured:
    """A share of samples.

    The error is that of a share with one more hit and one more miss, so that 0 hits in a few samples have an error too.

    Example:
        >>> share(3, 4).value
        0.75
    """
    nearer = (hits + 1) / (total + 2)
    return Measured(hits / total if total else math.nan, math.sqrt(nearer * (1 - nearer) / (total + 2)))


def jackknife_error(without_each: Tensor) -> float:
    """Standard error of a statistic of N samples from its leave-one-out values.

    ``sum_i (v_i - mean v)^2``, whose mean is at least the variance of the statistic of N - 1 independent samples, for
    any statistic (Efron and Stein 1981, "The jackknife estimate of variance").

    Args:
        without_each: (N,) leave-one-out values.

    Returns:
        The error; infinity if a leave-one-out value is not defined.

    Example:
        >>> import torch
        >>> x = torch.tensor([1.0, 2.0, 6.0], dtype=torch.float64)
        >>> round(jackknife_error((x.sum() - x) / 2) ** 2, 4)  # of a mean: var / N, times N / (N - 1)
        3.5
    """
    return float((without_each - without_each.mean()).square().sum().sqrt().nan_to_num(nan=math.inf))


def log_count(hits: int, among: int | None = None) -> Measured:
    """Logarithm of a count or a rate, ``log((hits + 1/2) / (among + 1/2))``, with its Poisson error.

    Args:
        hits: Number of events, >= 0.
        among: Total number, >= 0; None for the count alone, ``log(hits + 1/2)``.

    Example:
        >>> round(log_count(100, 1000).value, 4), round(log_count(100, 1000).error, 4)
        (-2.2981, 0.0998)
    """
    per = 1.0 if among is None else among + HALF
    return Measured(math.log((hits + HALF) / per), 1 / math.sqrt(hits + HALF))


def slope(x: Sequence[float], y: Sequence[Measured]) -> Measured:
    """Slope of the least-squares line.

    Args:
        x: At least two different values.
        y: The measurement at each.

    Example:
        >>> slope([0.0, 1.0, 2.0], [Measured(1.0), Measured(3.0), Measured(5.0)]).value
        2.0
    """
    mean = statistics.fmean(x)
    spread = sum((each - mean) ** 2 for each in x)
    weights = [(each - mean) / spread for each in x]
    value = sum(weight * each.value for weight, each in zip(weights, y, strict=True))
    return Measured(value, math.hypot(*(weight * each.error for weight, each in zip(weights, y, strict=True))))
