"""The samples whose predicted x_0 moved most."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics.generation_metric import GenerationMetric
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.threshold import as_suspicion

VARIANCE, INDEX, KIND, VALUES = range(4)
UNJUDGED = -1


@dataclass(frozen=True)
class HighestSamples:
    """Samples by decreasing trajectory variance.

    Args:
        variance: (n,) float64, model units squared; +inf for those that diverged.
        index: (n,) int64, their indices in the sample set.
        kind: (n,) int64, indices into the oracle's kinds; -1 if not judged.
        samples: (n, *sample_shape) float64, data units.
    """

    variance: Tensor
    index: Tensor
    kind: Tensor
    samples: Tensor


class HighestVariance(GenerationMetric):
    """Keep the samples with the highest trajectory variance, of all processes.

    ``trajectory_variance/highest``: the largest variance, model units squared; nan without samples. It cannot tell
    an outlier from a tail, since it comes from a single sample.

    Args:
        score: Name of the variance to order by, ``variance/<window>``.
        sample_shape: Shape of one sample.
        num_samples: Number of samples to keep.

    Raises:
        ConfigurationError: If ``num_samples`` < 1.

    Example:
        >>> import torch
        >>> metric = HighestVariance("variance/last", sample_shape=(1,), num_samples=2)
        >>> variance = {"variance/last": torch.tensor([1e-5, 3e-2, 1e-2])}
        >>> metric.update(GeneratedBatch(torch.arange(3), torch.zeros(3, 1), variance, 4))
        >>> metric.samples().index
        tensor([1, 2])
    """

    rows: Tensor

    def __init__(self, score: str, sample_shape: Sequence[int], num_samples: int = 16) -> None:
        super().__init__()
        self.score = score
        self.sample_shape = tuple(sample_shape)
        if num_samples < 1:
            raise ConfigurationError(f"expected at least one sample to keep, got {num_samples}")
        # One row per sample, (variance, index, kind, *values): float64 holds all of them exactly. An unused row
        # has the variance -inf.
        size = VALUES + torch.Size(self.sample_shape).numel()
        empty = torch.full((num_samples, size), -torch.inf, dtype=torch.float64)
        self.add_state("rows", empty, dist_reduce_fx=partial(_highest, num_rows=num_samples))

    def update(self, generated: GeneratedBatch) -> None:
        """Compare a batch with the kept samples.

        Args:
            generated: Samples with that score.
        """
        kind = generated.verdict.kind if generated.verdict else torch.full_like(generated.index, UNJUDGED)
        variance = as_suspicion(generated.score(self.score))
        columns = torch.stack([column.double() for column in (variance, generated.index, kind)], dim=1)
        rows = torch.cat([columns, generated.samples.flatten(1).double()], dim=1)
        self.rows = _highest(torch.cat([self.rows, rows]), len(self.rows))

    def compute(self) -> dict[str, Tensor]:
        """The largest variance.

        Returns:
            Its name to a float64 scalar.
        """
        highest = self.rows[0, VARIANCE]
        return {"trajectory_variance/highest": highest.where(highest > -torch.inf, torch.nan)}

    def samples(self) -> HighestSamples:
        """The kept samples.

        All processes have to call it, as for `compute`.

        Returns:
            The kept samples, on the CPU.
        """
        with self.sync_context():
            rows = self.rows.cpu()
        rows = rows[rows[:, VARIANCE] > -torch.inf]
        return HighestSamples(
            variance=rows[:, VARIANCE],
            index=rows[:, INDEX].long(),
            kind=rows[:, KIND].long(),
            samples=rows[:, VALUES:].reshape(-1, *self.sample_shape),
        )


def _highest(rows: Tensor, num_rows: int) -> Tensor:
    """The first rows (num_rows, c) of (..., c) by decreasing variance, with the lowest index first among equals."""
    rows = rows.flatten(0, -2)
    rows = rows[rows[:, INDEX].argsort(stable=True)]
    return rows[rows[:, VARIANCE].argsort(descending=True, stable=True)[:num_rows]]
