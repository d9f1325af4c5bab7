"""Simple Shapes, trained on their own samples, with a filter by variance, by chance and by ink."""

from lightning_modeinterp.recursion.recurse import rows_of
from lightning_modeinterp.reproduction.claims.recursion import FilterBeatsRandom, differences, log_rate
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.preset import Preset
from lightning_modeinterp.runs import CachedRuns


class FilterOnShapes(FilterBeatsRandom):
    """Simple Shapes; beside the paper's arms one that drops the images with most ink."""

    name = "filter-shapes"
    sentence = "So does a model of Simple Shapes."
    figures = ("9_1", "17_1")
    rule = (
        "In each of four generations the rate of hallucinations where images are filtered by variance is below that "
        "where as many are dropped by chance, paired by seed; and (ours) below that where those with most ink are."
    )
    recursion = "shapes_32"
    arms = ("random", "variance", "ink")

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """Those against chance, and one against ink in the last generation."""
        recursion = self.of(preset)
        last = recursion.num_generations
        against_ink = Finding(
            f"rate after filtering by variance over that by ink, generation {last}",
            "below",
            1.0,
            differences(rows_of(recursion, runs), recursion, last, "variance", "ink", log_rate),
            is_ratio=True,
        )
        return [*super().findings(runs, preset), against_ink]
