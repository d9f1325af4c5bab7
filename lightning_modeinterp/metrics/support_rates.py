"""Hallucination rates by kind, over any number of samples."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics.functional import support_rates
from lightning_modeinterp.metrics.generation_metric import GenerationMetric
from lightning_modeinterp.records import GeneratedBatch


class SupportRates(GenerationMetric):
    """Measure the rates of hallucinations among generated samples, by kind.

    ``hallucination_rate`` (with its 95 % Wilson interval ``_low``, ``_high``), ``<kind>_rate`` for every kind of
    hallucination, ``ambiguous_rate``, and the counts behind them, ``num_samples`` (that did not diverge) and
    ``num_hallucinated``; see `lightning_modeinterp.metrics.functional.support_rates`.
    It cannot tell whether the modes are covered: a model that repeats one good sample never hallucinates.

    Args:
        kinds: Names of the kinds, as in the oracle's verdicts: ``in_support``, ``ambiguous``, then the kinds of
            hallucination.

    Raises:
        ConfigurationError: If the names do not begin with ``in_support`` and ``ambiguous``, or repeat.

    Example:
        >>> import torch
        >>> from lightning_modeinterp.records import SupportVerdict
        >>> kinds = ("in_support", "ambiguous", "invalid")
        >>> verdict = SupportVerdict(torch.tensor([0, 0, 0, 2], dtype=torch.int8), torch.zeros(4).long(), kinds)
        >>> metric = SupportRates(kinds)
        >>> metric.update(GeneratedBatch(torch.arange(4), torch.zeros(4, 2), {}, 4, verdict))
        >>> metric.compute()["hallucination_rate"]
        tensor(0.2500, dtype=torch.float64)
    """

    kind_counts: Tensor

    def __init__(self, kinds: Sequence[str]) -> None:
        super().__init__()
        self.kinds = tuple(kinds)
        if self.kinds[:2] != ("in_support", "ambiguous") or len(set(self.kinds)) != len(self.kinds):
            raise ConfigurationError(
                f"expected distinct kinds that begin with 'in_support', 'ambiguous', got {self.kinds}; "
                "pass the `kinds` of the oracle's verdict"
            )
        self.add_state("kind_counts", torch.zeros(len(self.kinds), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, generated: GeneratedBatch) -> None:
        """Count the kinds of a batch.

        Args:
            generated: Judged samples.

        Raises:
            ConfigurationError: If the batch was not judged, or by an oracle with other kinds.
        """
        verdict = self.verdict_of(generated)
        if verdict.kinds != self.kinds:
            raise ConfigurationError(
                f"expected verdicts of kinds {self.kinds}, got {verdict.kinds}; "
                "build the metric with the `kinds` of the oracle that judges"
            )
        self.kind_counts = self.kind_counts + torch.bincount(verdict.kind.long(), minlength=len(self.kinds))

    def compute(self) -> dict[str, Tensor]:
        """The rates.

        Returns:
            Flat names to scalars: rates float64 in [0, 1] (nan without samples), counts int64.
        """
        return self.scalars(support_rates(self.kind_counts, self.kinds))
