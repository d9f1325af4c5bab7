"""A model of MNIST trained on its own samples, filtered by variance, at random and by ink."""

import math
from collections.abc import Mapping
from typing import Any

from lightning_modeinterp.data.mnist import has_digits
from lightning_modeinterp.recursion.recurse import rows_of
from lightning_modeinterp.reproduction.claims.recursion import OfRecursion, column, differences
from lightning_modeinterp.reproduction.estimates import Measured
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.preset import Preset
from lightning_modeinterp.runs import CachedRuns


class FilterOnDigits(OfRecursion):
    """MNIST, by the distance of the samples from the test digits."""

    name = "filter-mnist"
    sentence = "MNIST: the distance from real digits grows more slowly if samples are filtered by variance."
    figures = ("9_1",)
    rule = (
        "In each of four generations, with a filter by variance: fid_lenet of unfiltered samples (our features; the "
        "paper's are not published) is below that if as many are dropped at random, paired by seed. Added by us: in "
        "the last generation it is also below that if those with most ink are dropped."
    )
    recursion = "mnist_16"
    arms = ("random", "variance", "ink")
    shown = ("fid_lenet",)

    def missing(self, preset: Preset) -> str | None:
        """The idx files, which we may not distribute."""
        given = dict(option.split("=", 1) for option in preset.options if "=" in option)
        root = given.get("--data.init_args.root", "data")
        return None if has_digits(root) else f"no MNIST in {root}/MNIST/raw; -- --data.init_args.root=DIR names it"

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """One for each generation after the first, and one against ink in the last."""
        recursion = self.of(preset)
        rows = rows_of(recursion, runs)
        last = recursion.num_generations
        return [
            Finding(
                f"fid_lenet after filtering less that after {other}, generation {number}",
                "below",
                0.0,
                differences(rows, recursion, number, "variance", arm, _distance),
                facts={each: column(rows, each, number, "fid_lenet") for each in ("variance", arm)},
            )
            for arm, other, numbers in (("random", "random choice", range(1, last + 1)), ("ink", "ink", [last]))
            for number in numbers
        ]


def _distance(row: Mapping[str, Any]) -> Measured:
    value = row["metrics"].get("fid_lenet")
    return Measured(math.nan if value is None else value)
