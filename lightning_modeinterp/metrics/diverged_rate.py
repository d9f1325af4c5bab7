"""Rate of diverged samples."""

from typing import ClassVar

import torch
from torch import Tensor

from lightning_modeinterp.metrics.functional import rate_with_interval
from lightning_modeinterp.metrics.generation_metric import GenerationMetric
from lightning_modeinterp.records import GeneratedBatch


class DivergedRate(GenerationMetric):
    """Measure the share of samples that diverged: not finite, or far outside the range of the data.

    ``diverged_rate`` of all drawn samples, with its 95 % Wilson interval ``_low`` and ``_high``, and the
    counts ``num_diverged`` and ``num_drawn``. No other rate counts these samples.
    It cannot tell a sampler with too few steps from an untrained model.

    Example:
        >>> metric = DivergedRate()
        >>> samples = torch.tensor([[0.0], [1.0], [torch.inf], [0.5]])
        >>> metric.update(GeneratedBatch(torch.arange(4), samples, {}, 4))
        >>> metric.compute()["diverged_rate"]
        tensor(0.2500, dtype=torch.float64)
    """

    sees_diverged: ClassVar[bool] = True
    counts: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("counts", torch.zeros(2, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, generated: GeneratedBatch) -> None:
        """Count the samples of a batch.

        Args:
            generated: Samples.
        """
        lost = generated.diverged
        self.counts = self.counts + torch.stack([lost.sum(), torch.ones_like(lost).sum()])

    def compute(self) -> dict[str, Tensor]:
        """The share.

        Returns:
            Flat names to scalars: rates float64 in [0, 1] (nan without samples), counts int64.
        """
        diverged, drawn = self.counts.tolist()
        rates = rate_with_interval("diverged_rate", diverged, drawn)
        return self.scalars({**rates, "num_diverged": diverged, "num_drawn": drawn})
