"""Base classes of claims on models that are trained on their own samples."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from lightning_modeinterp.figures import generations, save_figure
from lightning_modeinterp.recursion import Recursion
from lightning_modeinterp.recursion.pictures import write_pictures
from lightning_modeinterp.recursion.recurse import rows_of
from lightning_modeinterp.recursion.report import NUMBERS, curves_of
from lightning_modeinterp.reproduction.claim import Claim, Needs
from lightning_modeinterp.reproduction.estimates import Measured, log_count
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.preset import Preset
from lightning_modeinterp.runs import CachedRuns

Row = Mapping[str, Any]


class OfRecursion(Claim):
    """A claim on a recursion. Subclasses set its name, the arms that they need, and the numbers in the figure."""

    recursion: ClassVar[str]
    """Name of a shipped recursion."""

    arms: ClassVar[tuple[str, ...]]
    shown: ClassVar[tuple[str, ...]]
    """Numbers in the figure, by their labels in the recursion's report."""

    def of(self, preset: Preset) -> Recursion:
        """The recursion at a preset's size."""
        return preset.recursion(self.recursion, self.arms)

    def needs(self, preset: Preset) -> Needs:
        """Unfiltered samples of every generation, judged; their fits need the filtered samples in between."""
        recursion = self.of(preset)
        chains = [recursion.chain(arm, seed) for seed in recursion.seeds for arm in recursion.arms]
        return Needs(tested=[recursion.measured(each.fit) for chain in chains for each in chain])

    def draw_figures(self, runs: CachedRuns, preset: Preset, folder: Path) -> list[Path]:
        """The numbers over generations, and the samples of each."""
        recursion = self.of(preset)
        rows = rows_of(recursion, runs)
        panels = {label: curves_of(recursion, rows, NUMBERS[label]) for label in self.shown}
        title = f"{recursion.num_kept:,} samples per generation, {len(recursion.seeds)} seeds"
        curves = save_figure(generations(panels, title), folder / "generations.png")
        return [curves, *write_pictures(recursion, runs, folder)]


class FilterBeatsRandom(OfRecursion):
    """Compare the rate of hallucinations after filtering by variance with that after dropping as many at random."""

    arms: ClassVar[tuple[str, ...]] = ("random", "variance")
    shown = ("hallucination rate",)

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """One for each generation after the first."""
        recursion = self.of(preset)
        rows = rows_of(recursion, runs)
        return [
            Finding(
                f"rate after filtering over rate after random choice, generation {number}",
                "below",
                1.0,
                differences(rows, recursion, number, "variance", "random", log_rate),
                is_ratio=True,
                facts={arm: column(rows, arm, number, "hallucination_rate") for arm in self.arms},
            )
            for number in range(1, recursion.num_generations + 1)
        ]


def log_rate(row: Row) -> Measured:
    """Logarithm of the rate of hallucinations of unfiltered samples."""
    return log_count(int(row["metrics"]["num_hallucinated"]), int(row["metrics"]["num_samples"]))


def differences(
    rows: Sequence[Row], recursion: Recursion, generation: int, arm: str, other: str, number: Callable[[Row], Measured]
) -> list[Measured]:
    """For each seed, the number of an arm minus that of another."""
    return [
        number(row_of(rows, arm, seed, generation)) - number(row_of(rows, other, seed, generation))
        for seed in recursion.seeds
    ]


def row_of(rows: Sequence[Row], arm: str, seed: int, generation: int) -> Row:
    """What was measured of one generation."""
    return next(row for row in rows if (row["arm"], row["seed"], row["generation"]) == (arm, seed, generation))


def column(rows: Sequence[Row], arm: str, generation: int, name: str) -> list[float | None]:
    """A metric of each seed."""
    return [row["metrics"].get(name) for row in rows if (row["arm"], row["generation"]) == (arm, generation)]
