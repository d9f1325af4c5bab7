"""What several claims count, from the samples of one seed."""

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
"""Standard error of a median over that of a mean, for normal values."""


@dataclass(frozen=True)
class PairCounts:
    """Hallucinations of a plane's modes by where they lie, and how uniform points off the modes would.

    Args:
        num_off_modes: All of them.
        neighbour: Those nearest to a segment between neighbours, and in its tube.
        diagonal: Those of diagonals.
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
        ConfigurationError: If the samples are on a line, where everything lies between two modes.
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
    """The Gaussian mixture that samples are to look like.

    Raises:
        ConfigurationError: If its data are none.
    """
    data = runs.data(draw)
    if not isinstance(data, GaussianMixtureDataModule):
        raise ConfigurationError(f"{draw.name}: expected samples of a Gaussian mixture, got {type(data).__name__}")
    return data


def log_rate(samples: JudgedSamples) -> Measured:
    """Logarithm of the rate of hallucinations."""
    return log_count(samples.num_hallucinated, len(samples))


def log_median(values: Tensor) -> Measured:
    """Logarithm of the median of positive values; nan where there are none."""
    logs = values.double().clamp(min=torch.finfo(torch.float64).tiny).log()
    if len(logs) < 2:
        return Measured(math.nan)
    return Measured(float(logs.quantile(0.5)), MEDIAN_ERROR * float(logs.std()) / math.sqrt(len(logs)))


def num_between(runs: CachedRuns, draw: Draw) -> list[int]:
    """Count the samples on a line in the middle half of each gap between its modes, from left to right.

    The quarters at the modes are left out: what lies there may be a mode that is blurred.
    """
    means = gaussian_data_of(runs, draw).mixture.means.flatten().sort().values
    x = JudgedSamples.of(runs.samples(draw)).samples.flatten()
    quarters = (means[1:] - means[:-1]) / 4
    gaps = zip(means[:-1] + quarters, means[1:] - quarters, strict=True)
    return [int(((x > left) & (x < right)).sum()) for left, right in gaps]


def falling_rate(
    runs: CachedRuns, question: str, along: str, places: Sequence[float], seeds: Sequence[Sequence[Draw]]
) -> Finding:
    """Ask whether the share of samples between the modes of a line falls, by the slope of its logarithm.

    Args:
        runs: The finished runs.
        question: What is asked.
        along: What the places are called.
        places: At least two, > 0; their logarithms are the x.
        seeds: For each seed the samples at each place.
    """
    x = [math.log(place) for place in places]
    counts = [[(sum(num_between(runs, draw)), len(runs.samples(draw))) for draw in row] for row in seeds]
    slopes = [slope(x, [log_count(hits, total) for hits, total in row]) for row in counts]
    rates = {
        f"share between, {along} {place:,g}": [hits / total for hits, total in column]
        for place, column in zip(places, zip(*counts, strict=True), strict=True)
    }
    return Finding(question, "below", 0.0, slopes, facts=rates)
