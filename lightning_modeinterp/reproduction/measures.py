"""Measurements that several claims share, from the samples of one seed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lightning_modeinterp.data.gaussian import GaussianMixtureDataModule
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.judged_samples import JudgedSamples
from lightning_modeinterp.reproduction.estimates import Measured, log_count, slope
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.runs import CachedRuns, Draw

MEDIAN_ERROR = math.sqrt(math.pi / 2)
"""Ratio of the standard errors of a median and a mean, for normal values."""


@dataclass(frozen=True)
class PairCounts:
    """Hallucinations in 2D by position, and the same shares for uniform points off the modes.

    Args:
        num_off_modes: Number of hallucinations.
        neighbour: Number nearest to a segment between neighbours, and in its tube.
        diagonal: The same for diagonals.
        chance_neighbour: Share of uniform points, for neighbours.
        chance_diagonal: The same for diagonals.
    """

    num_off_modes: int
    neighbour: int
    diagonal: int
    chance_neighbour: float
    chance_diagonal: float

    def neighbour_enrichment(self) -> Measured:
        """Logarithm of the neighbours' share over chance."""
        return log_count(self.neighbour, self.num_off_modes) - Measured(math.log(self.chance_neighbour))

    def diagonal_enrichment(self) -> Measured:
        """Logarithm of the diagonals' share over chance."""
        return log_count(self.diagonal, self.num_off_modes) - Measured(math.log(self.chance_diagonal))


def pair_counts(runs: CachedRuns, draw: Draw) -> PairCounts:
    """Count the hallucinations among samples between pairs of modes.

    Raises:
        ConfigurationError: If the samples are 1D, where everything is between two modes.
    """
    metric = gaussian_data_of(runs, draw).pair_interpolation()
    if metric is None:
        raise ConfigurationError(f"{draw.name}: expected modes in two to six dimensions; count `num_between` on a line")
    for batch in runs.samples(draw):
        metric.update(batch)

    def both(counts: Tensor) -> tuple[int, int]:
        return int(counts[~metric.is_diagonal].sum()), int(counts[metric.is_diagonal].sum())

    chance = [count / metric.num_chance_points for count in both(metric.chance_counts)]
    return PairCounts(int(metric.num_off_modes), *both(metric.pair_counts), *chance)


def gaussian_data_of(runs: CachedRuns, draw: Draw) -> GaussianMixtureDataModule:
    """The Gaussian mixture that the model was trained on.

    Raises:
        ConfigurationError: If its data are not a Gaussian mixture.
    """
    data = runs.data(draw)
    if not isinstance(data, GaussianMixtureDataModule):
        raise ConfigurationError(f"{draw.name}: expected samples of a Gaussian mixture, got {type(data).__name__}")
    return data


def log_rate(samples: JudgedSamples) -> Measured:
    """Logarithm of the rate of hallucinations."""
    return log_count(samples.num_hallucinated, len(samples))


def log_median(values: Tensor) -> Measured:
    """Logarithm of the median of positive values; nan if there are none."""
    logs = values.double().clamp(min=torch.finfo(torch.float64).tiny).log()
    if len(logs) < 2:
        return Measured(math.nan)
    return Measured(float(logs.quantile(0.5)), MEDIAN_ERROR * float(logs.std()) / math.sqrt(len(logs)))


def num_between(runs: CachedRuns, draw: Draw) -> list[int]:
    """Count the 1D samples in the middle half of each gap between modes, from left to right.

    The quarters next to the modes are left out: samples there may belong to a blurred mode.
    """
    means = gaussian_data_of(runs, draw).mixture.means.flatten().sort().values
    x = JudgedSamples.of(runs.samples(draw)).samples.flatten()
    quarters = (means[1:] - means[:-1]) / 4
    gaps = zip(means[:-1] + quarters, means[1:] - quarters, strict=True)
    return [int(((x > left) & (x < right)).sum()) for left, right in gaps]


def falling_rate(
    runs: CachedRuns, question: str, along: str, places: Sequence[float], seeds: Sequence[Sequence[Draw]]
) -> Finding:
    """Test whether the share of 1D samples between modes falls, by the slope of its logarithm.

    Args:
        runs: The finished runs.
        question: The question.
        along: Name of the varied quantity.
        places: Its values, at least two, > 0; their logarithms are the x.
        seeds: For each seed, the samples at each value.
    """
    x = [math.log(place) for place in places]
    counts = [[(sum(num_between(runs, draw)), len(runs.samples(draw))) for draw in row] for row in seeds]
    slopes = [slope(x, [log_count(hits, total) for hits, total in row]) for row in counts]
    rates = {
        f"share between, {along} {place:,g}": [hits / total for hits, total in column]
        for place, column in zip(places, zip(*counts, strict=True), strict=True)
    }
    return Finding(question, "below", 0.0, slopes, facts=rates)
