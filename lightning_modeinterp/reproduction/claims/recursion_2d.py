"""A model of the 2D grid trained on its own samples: how it degrades, what a filter changes, and what that costs."""

import math
from collections.abc import Mapping
from typing import Any

from lightning_modeinterp.recursion.recurse import rows_of
from lightning_modeinterp.reproduction.claims.recursion import (
    FilterBeatsRandom,
    OfRecursion,
    column,
    differences,
    log_rate,
    row_of,
)
from lightning_modeinterp.reproduction.estimates import Measured
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.preset import Preset
from lightning_modeinterp.runs import CachedRuns

Row = Mapping[str, Any]


class FilterIn2D(FilterBeatsRandom):
    """The grid."""

    name = "filter-2d"
    sentence = "Trained on its own samples, a model of the 2D grid hallucinates less if they are filtered by variance."
    figures = ("9_1", "14_1")
    rule = (
        "A filter by variance drops one of 41 samples, as in the paper. In each of four generations: the rate of "
        "hallucinations of unfiltered samples is below that if as many are dropped at random, paired by seed."
    )
    recursion = "gaussian_2d_grid"


class Collapse(OfRecursion):
    """Unfiltered recursion on the grid."""

    name = "collapse-2d"
    sentence = "A model that is trained on its own unfiltered samples gets worse with every generation."
    figures = ("9_1", "14_1")
    rule = (
        "Ours, since the paper only shows pictures: the rate of hallucinations in generation 4, divided by that in "
        "generation 0, is above 1. So is this ratio for the width of the modes, which is measured relative to samples "
        "of the exact score of the original mixture, in the same sampler."
    )
    recursion = "gaussian_2d_grid"
    arms = ("none",)
    shown = ("hallucination rate", "within-mode std over exact", "least mode over its weight")

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """The rate and the width."""
        recursion = self.of(preset)
        rows = rows_of(recursion, runs)
        last = recursion.num_generations
        return [
            Finding(
                f"{label}, generation {last} over generation 0",
                "above",
                1.0,
                [
                    number(row_of(rows, "none", seed, last)) - number(row_of(rows, "none", seed, 0))
                    for seed in recursion.seeds
                ],
                is_ratio=True,
                facts={f"generation {each}": column(rows, "none", each, name) for each in range(last + 1)},
            )
            for label, name, number in (
                ("rate of hallucinations", "hallucination_rate", log_rate),
                ("width of the modes over the exact score's", "within_mode_std_ratio", _log_width),
            )
        ]


class FilterPrice(OfRecursion):
    """What a strong filter costs (ours)."""

    name = "filter-price-2d"
    sentence = "Ours: a strong filter by variance changes the weights of the modes."
    figures = ()
    rule = (
        "If a filter by variance drops one of eleven samples, the distance (total variation) of the modes' weights "
        "from those of the data after four generations is above that without a filter, paired by seed."
    )
    recursion = "gaussian_2d_grid"
    arms = ("none", "variance_10")
    shown = ("mode weights, total variation", "least mode over its weight")

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """One."""
        recursion = self.of(preset)
        rows = rows_of(recursion, runs)
        last = recursion.num_generations
        further = differences(rows, recursion, last, "variance_10", "none", _log_weights)
        facts = {arm: column(rows, arm, last, "mode_weight_tv") for arm in self.arms}
        return [
            Finding(
                f"distance of mode weights over that without a filter, generation {last}",
                "above",
                1.0,
                further,
                True,
                facts,
            )
        ]


def _log_width(row: Row) -> Measured:
    return _log(row["metrics"].get("within_mode_std_ratio"))


def _log_weights(row: Row) -> Measured:
    return _log(row["metrics"].get("mode_weight_tv"))


def _log(value: float | None) -> Measured:
    return Measured(math.log(value) if value else math.nan)
