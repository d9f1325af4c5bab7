"""Rate of rejected digits, and the frequencies of the others."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lightning_modeinterp.metrics.functional import modes_filled
from lightning_modeinterp.metrics.support_rates import SupportRates
from lightning_modeinterp.records import GeneratedBatch

NUM_DIGITS = 10


class DigitRates(SupportRates):
    """Measure how often generated digits are rejected, and compare the frequencies of the others with the data's.

    Besides the rates of `SupportRates`: ``mode_coverage``, ``mode_weight_tv`` and ``mode_weight_least`` over the ten
    digits.
    It cannot tell whether a digit comes in all its styles.

    Args:
        kinds: Names of the kinds, as in the oracle's verdicts.
        weights: (10,) share of each digit in the data.

    Raises:
        ConfigurationError: If the kinds are not valid.

    Example:
        >>> from lightning_modeinterp.records import SupportVerdict
        >>> kinds = ("in_support", "ambiguous", "rejected")
        >>> verdict = SupportVerdict(torch.tensor([0, 0, 2], dtype=torch.int8), torch.tensor([0, 1, 9]), kinds)
        >>> metric = DigitRates(kinds, torch.full((10,), 0.1))
        >>> images = torch.zeros(3, 1, 16, 16)
        >>> metric.update(GeneratedBatch(torch.arange(3), images, {}, 3, verdict))
        >>> round(metric.compute()["rejected_rate"].item(), 3), round(metric.compute()["mode_weight_tv"].item(), 3)
        (0.333, 0.8)
    """

    weights: Tensor
    mode_counts: Tensor

    def __init__(self, kinds: Sequence[str], weights: Tensor | Sequence[float]) -> None:
        super().__init__(kinds)
        self.register_buffer("weights", torch.as_tensor(weights, dtype=torch.float64), persistent=False)
        self.add_state("mode_counts", torch.zeros(NUM_DIGITS, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, generated: GeneratedBatch) -> None:
        """Count kinds and digits of a batch.

        Args:
            generated: Judged samples.

        Raises:
            ConfigurationError: If the batch was not judged, or by an oracle with other kinds.
        """
        super().update(generated)
        verdict = self.verdict_of(generated)
        digits = verdict.mode[verdict.in_support]
        self.mode_counts = self.mode_counts + torch.bincount(digits, minlength=NUM_DIGITS)

    def compute(self) -> dict[str, Tensor]:
        """The rates.

        Returns:
            Flat names to scalars: rates float64 in [0, 1] (nan without samples), counts int64.
        """
        return super().compute() | modes_filled(self.mode_counts, self.weights)
