"""A DDPM interpolates between modes of unequal weight too."""

from pathlib import Path

from lightning_modeinterp.figures import samples_2d, save_figure
from lightning_modeinterp.reproduction.claim import Claim, Needs
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.measures import pair_counts
from lightning_modeinterp.reproduction.panels import plane_panel
from lightning_modeinterp.reproduction.preset import Preset
from lightning_modeinterp.runs import CachedRuns, Draw

WEIGHTS = [(4 if mode % 2 == 0 else 1) / 64 for mode in range(25)]
"""A chessboard of 13 modes four times as heavy as the other 12. Ours: the paper's weights are not published."""


class ImbalancedInterpolates(Claim):
    """Train on the grid with heavy and light modes."""

    name = "imbalanced-interpolates"
    sentence = "A DDPM trained on an imbalanced grid interpolates too."
    figures = ("15_2",)
    rule = (
        "With 13 modes four times as heavy as the other 12 (ours): the share of hallucinations in the tubes between "
        "neighbours, divided by the share of uniform points off the modes there, is above 1."
    )

    def needs(self, preset: Preset) -> Needs:
        """A model for each seed."""
        return Needs([self._draw(preset, seed) for seed in preset.seeds])

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """One."""
        counts = [pair_counts(runs, self._draw(preset, seed)) for seed in preset.seeds]
        facts = {"off the modes": [each.num_off_modes for each in counts]}
        enrichments = [each.neighbour_enrichment() for each in counts]
        return [Finding("between neighbours over chance", "above", 1.0, enrichments, True, facts)]

    def draw_figures(self, runs: CachedRuns, preset: Preset, folder: Path) -> list[Path]:
        """Data and samples."""
        panel = plane_panel("imbalanced", runs, self._draw(preset, 0))
        return [save_figure(samples_2d([panel]), folder / "samples.png")]

    def _draw(self, preset: Preset, seed: int) -> Draw:
        return preset.counted(preset.fit(preset.grid, seed, (f"--data.init_args.weights={WEIGHTS}",), "imbalanced"))
