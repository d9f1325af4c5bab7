"""How much of the data the samples cover."""

import math

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics import GenerationMetric
from lightning_modeinterp.records import GeneratedBatch
from two_moons.geometry import NUM_MOONS, nearest_angle


class MoonCoverage(GenerationMetric):
    """``moon_coverage``: share of the moons, cut into equal stretches, that the samples in support reach.

    A stretch counts that has at least a tenth of its even share of them. It cannot tell a stretch with too few samples
    from one with enough, as long as there is that tenth; and few samples leave stretches empty by chance.

    Args:
        num_stretches: Number of stretches of each moon, at least 1.

    Raises:
        ConfigurationError: If there is no stretch.

    Example:
        >>> from lightning_modeinterp.testing import made_up_batches
        >>> metric = MoonCoverage(num_stretches=1)
        >>> metric.update(made_up_batches(num_modes=2)[0])
        >>> metric.compute()
        {'moon_coverage': tensor(1., dtype=torch.float64)}
    """

    counts: Tensor

    def __init__(self, num_stretches: int = 20) -> None:
        super().__init__()
        if num_stretches < 1:
            raise ConfigurationError(f"MoonCoverage.num_stretches: expected at least 1, got {num_stretches}")
        self.num_stretches = num_stretches
        self.add_state("counts", torch.zeros(NUM_MOONS * num_stretches, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, generated: GeneratedBatch) -> None:
        """See `GenerationMetric.update`."""
        verdict = self.verdict_of(generated)
        for moon in range(NUM_MOONS):
            samples = generated.samples[verdict.in_support & (verdict.mode == moon)]
            place = (nearest_angle(moon, samples) / math.pi * self.num_stretches).long()
            place = place.clamp(max=self.num_stretches - 1)  # the far end belongs to the last stretch
            self.counts = self.counts + torch.bincount(place + moon * self.num_stretches, minlength=len(self.counts))

    def compute(self) -> dict[str, Tensor]:
        """See `GenerationMetric.compute`; nan without samples in support."""
        total = self.counts.sum()
        covered = (self.counts >= 0.1 * total / len(self.counts)).double().mean()
        return {"moon_coverage": torch.where(total > 0, covered, torch.nan)}
