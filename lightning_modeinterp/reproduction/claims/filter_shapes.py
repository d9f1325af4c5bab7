"""A model of Simple Shapes trained on its own samples, filtered by variance, at random and by ink."""

from lightning_modeinterp.recursion.recurse import rows_of
from lightning_modeinterp.reproduction.claims.recursion import FilterBeatsRandom, differences, log_rate
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.preset import Preset
from lightning_modeinterp.runs import CachedRuns


class FilterOnShapes(FilterBeatsRandom):
    """Simple Shapes; an arm added by us drops the images with most ink."""

    name = "filter-shapes"
    sentence = (
        "Trained on its own samples, a model of Simple Shapes hallucinates less if they are filtered by variance."
    )
    figures = ("9_1", "17_1")
    rule = (
        "In each of four generations: the rate of hallucinations if images are filtered by variance is below that if "
        "as many are dropped at random, paired by seed. Added by us: in the last generation it is also below that if "
        "those with most ink are dropped."
    )
    recursion = "shapes_32"
    arms = ("random", "variance", "ink")

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """One against random choice for each generation, and one against ink for the last."""
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
