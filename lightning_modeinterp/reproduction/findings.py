"""A question, the measurement of each seed, and the verdict by a rule that was set before."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from lightning_modeinterp.reproduction.estimates import Estimate, Measured, estimate

Verdict = Literal["holds", "fails", "undecided"]


@dataclass(frozen=True)
class Finding:
    """One question of a claim.

    It *holds* if the whole 95 % interval over seeds is on the claimed side of the bound, *fails* if it is on the other,
    else it is *undecided*.

    Args:
        question: What is measured.
        side: The claimed side of the bound.
        bound: The number in the claim, or that of no effect. For a ratio the ratio itself, such as 1.
        seeds: The measurement of each seed; for a ratio its logarithm.
        is_ratio: Whether the numbers are logarithms of ratios.
        facts: Further facts: counts of each seed, choices.
        num_variants: Number of variants that were compared on other samples to choose this one.
    """

    question: str
    side: Literal["above", "below"]
    bound: float
    seeds: Sequence[Measured]
    is_ratio: bool = False
    facts: Mapping[str, object] = field(default_factory=dict)
    num_variants: int = 1

    @property
    def estimate(self) -> Estimate:
        """Mean over seeds and interval, in the units of the bound; a geometric mean for ratios."""
        found = estimate(self.seeds)
        return Estimate(*map(math.exp, (found.mean, found.low, found.high))) if self.is_ratio else found

    @property
    def values(self) -> list[float]:
        """The number of each seed, in the units of the bound."""
        return [math.exp(each.value) if self.is_ratio else each.value for each in self.seeds]

    @property
    def verdict(self) -> Verdict:
        """The verdict of the rule.

        Example:
            >>> Finding("share removed", "above", 0.95, [Measured(0.98), Measured(0.981), Measured(0.979)]).verdict
            'holds'
        """
        found = self.estimate
        if math.isnan(found.low):
            return "undecided"
        is_above, is_below = found.low > self.bound, found.high < self.bound
        if self.side == "below":
            is_above, is_below = is_below, is_above
        return "holds" if is_above else "fails" if is_below else "undecided"
