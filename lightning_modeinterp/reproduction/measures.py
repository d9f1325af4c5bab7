"""What several claims count, from the samples of one seed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lightning_modeinterp.datamodules import GaussianMixtureDataModule
from lightning_modeinterp.reproduction.estimates import Measured, log_count, slope
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.sample_set import SampleSet, data_of
from lightning_modeinterp.sample_store import SampleStore

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


def pair_counts(store: SampleStore) -> PairCounts:
    """Count the hallucinations of a store of samples in the plane between pairs of modes."""
    metric = gaussian_data_of(store).pair_interpolation()
    assert metric is not None
    for batch in store:
        metric.update(batch)

    def both(counts: Tensor) -> tuple[int, int]:
        return int(counts[~metric.is_diagonal].sum()), int(counts[metric.is_diagonal].sum())

    chance = [count / metric.num_chance_points for count in both(metric.chance_counts)]
    return PairCounts(int(metric.num_off_modes), *both(metric.pair_counts), *chance)


def gaussian_data_of(store: SampleStore) -> GaussianMixtureDataModule:
    """The Gaussian mixture that a store's samples are to look like."""
    data = data_of(store)
    assert isinstance(data, GaussianMixtureDataModule)
    return data


def log_rate(samples: SampleSet) -> Measured:
    """Logarithm of the rate of hallucinations."""
    return log_count(samples.num_hallucinated, len(samples))


def log_median(values: Tensor) -> Measured:
    """Logarithm of the median of positive values; nan where there are none."""
    logs = values.double().clamp(min=torch.finfo(torch.float64).tiny).log()
    if len(logs) < 2:
        return Measured(math.nan)
    return Measured(float(logs.quantile(0.5)), MEDIAN_ERROR * float(logs.std()) / math.sqrt(len(logs)))


def falling_rate(question: str, along: str, places: Sequence[float], seeds: Sequence[Sequence[SampleSet]]) -> Finding:
    """Ask whether the rate of hallucinations falls, by the slope of its logarithm.

    Args:
        question: What is asked.
        along: What the places are called.
        places: At least two, > 0; their logarithms are the x.
        seeds: For each seed a sample set at each place.
    """
    x = [math.log(place) for place in places]
    slopes = [slope(x, [log_rate(each) for each in row]) for row in seeds]
    rates = {
        f"rate at {along} {place:,g}": [each.num_hallucinated / len(each) for each in column]
        for place, column in zip(places, zip(*seeds, strict=True), strict=True)
    }
    return Finding(question, "below", 0.0, slopes, facts=rates)
