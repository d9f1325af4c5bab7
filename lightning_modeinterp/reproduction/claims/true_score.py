"""The true score in the same sampler does not interpolate."""

from pathlib import Path

from lightning_modeinterp.figures import density_panels, samples_2d, save_figure
from lightning_modeinterp.judged_samples import JudgedSamples
from lightning_modeinterp.reproduction.claim import Claim, Needs
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.measures import log_rate
from lightning_modeinterp.reproduction.panels import line_panel, plane_panel
from lightning_modeinterp.reproduction.preset import Preset
from lightning_modeinterp.runs import CachedRuns

TRUE_SCORE = ("--generation.true_score=true",)
BOUND = 0.05


class TrueScore(Claim):
    """Sample the exact score of the mixture with the sampler and the noise of the trained model."""

    name = "true-score"
    sentence = "The true score in the same sampler gives no interpolated samples."
    figures = ("15_2",)
    rule = (
        "The rate of hallucinations of the true score, divided by that of the learned one with the same sampler and "
        "noise, is below 1/20 (ours), in 1D and in 2D. Half a sample is added to each count."
    )

    def needs(self, preset: Preset) -> Needs:
        """The learned and the true score for each seed, on the line and on the grid."""
        pairs = preset.counted_pairs(TRUE_SCORE)
        return Needs([draw for of_seeds in pairs.values() for pair in of_seeds for draw in pair])

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """One in 1D, one in 2D."""
        found = []
        for name, draws in preset.counted_pairs(TRUE_SCORE).items():
            pairs = [[JudgedSamples.of(runs.samples(draw)) for draw in pair] for pair in draws]
            ratios = [log_rate(true) - log_rate(learned) for learned, true in pairs]
            facts = {
                "hallucinated, true score": [true.num_hallucinated for _, true in pairs],
                "hallucinated, learned score": [learned.num_hallucinated for learned, _ in pairs],
                "samples of each": len(pairs[0][0]),
            }
            found.append(
                Finding(f"{name}: hallucination rate, true over learned score", "below", BOUND, ratios, True, facts)
            )
        return found

    def draw_figures(self, runs: CachedRuns, preset: Preset, folder: Path) -> list[Path]:
        """Samples of both scores."""
        line, grid = (
            dict(zip(("learned score", "true score"), pairs[0], strict=True))
            for pairs in preset.counted_pairs(TRUE_SCORE).values()
        )
        densities = density_panels(
            {name: line_panel(runs, draw) for name, draw in line.items()}, "same sampler and noise"
        )
        plane = samples_2d([plane_panel(name, runs, draw) for name, draw in grid.items()])
        return [save_figure(densities, folder / "densities.png"), save_figure(plane, folder / "samples.png")]
