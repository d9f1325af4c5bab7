"""A random subset of the samples: the baseline that another filter has to beat."""

from collections.abc import Iterable

import torch
from torch import Tensor

from lightning_modeinterp.filters.base import Filter, Rule
from lightning_modeinterp.filters.lowest_score import lowest
from lightning_modeinterp.keyed_noise import keyed_generator
from lightning_modeinterp.records import GeneratedBatch


class RandomSamples(Filter):
    """Keeps ``num`` samples drawn without replacement; the choice depends only on the seed and the sample indices.

    Args:
        num: How many.
        seed: Seed of the choice.
    """

    def __init__(self, num: int, seed: int = 0) -> None:
        super().__init__(num)
        self.seed = seed

    def rule(self, samples: Iterable[GeneratedBatch]) -> Rule:
        """See `Filter.rule`."""
        return lowest(samples, self._chance, self.num or 0)

    def _chance(self, batch: GeneratedBatch) -> Tensor:
        """A number in [0, 1) for each sample, float32, drawn block by block."""
        chance = torch.empty(len(batch))
        for block in sorted(set(batch.block.tolist())):
            rows = batch.block == block
            numbers = torch.rand(batch.block_size, generator=keyed_generator(self.seed, "filter", block))
            chance[rows] = numbers[batch.index[rows] % batch.block_size]
        return chance
