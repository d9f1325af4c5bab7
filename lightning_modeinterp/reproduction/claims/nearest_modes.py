"""Hallucinations lie between nearest modes, on the grid and on both diamonds."""

from pathlib import Path

from lightning_modeinterp.figures import samples_2d, save_figure
from lightning_modeinterp.reproduction.claim import Claim, Needs
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.measures import pair_counts
from lightning_modeinterp.reproduction.panels import plane_panel
from lightning_modeinterp.reproduction.preset import Preset
from lightning_modeinterp.runs import CachedRuns, Draw

ARRANGEMENTS = {
    "grid": "grid",
    "diamond as released": "diamond_as_released",
    "diamond, same spacing": "diamond_same_spacing",
}


class NearestModes(Claim):
    """Count hallucinations in the tubes between neighbours and in those across the diagonals of the cells."""

    name = "nearest-modes"
    sentence = (
        "In 2D, interpolated samples lie only between nearest modes, not across diagonals, on the grid and on diamonds."
    )
    figures = ("5_1",)
    rule = (
        "On the grid and on both diamonds: the share of hallucinations in tubes with a radius of 5 standard deviations "
        "around the segments between neighbours, divided by the share of uniform points off the modes there, is above "
        "1. The same ratio for diagonals (the axes of a diamond) is below 1."
    )

    def needs(self, preset: Preset) -> Needs:
        """A model for each seed and arrangement."""
        return Needs([self._draw(preset, seed, each) for seed in preset.few_seeds for each in ARRANGEMENTS.values()])

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """Neighbours and diagonals of each arrangement."""
        found = []
        for name, arrangement in ARRANGEMENTS.items():
            counts = [pair_counts(runs, self._draw(preset, seed, arrangement)) for seed in preset.few_seeds]
            facts = {"off the modes": [each.num_off_modes for each in counts]}
            neighbours, diagonals = (
                [each.neighbour_enrichment() for each in counts],
                [each.diagonal_enrichment() for each in counts],
            )
            found += [
                Finding(f"{name}: between neighbours over chance", "above", 1.0, neighbours, True, facts),
                Finding(f"{name}: across diagonals over chance", "below", 1.0, diagonals, True, facts),
            ]
        return found

    def draw_figures(self, runs: CachedRuns, preset: Preset, folder: Path) -> list[Path]:
        """Data and samples of the three arrangements."""
        draws = {name: self._draw(preset, 0, arrangement) for name, arrangement in ARRANGEMENTS.items()}
        figure = samples_2d([plane_panel(name, runs, draw) for name, draw in draws.items()])
        return [save_figure(figure, folder / "samples.png")]

    def _draw(self, preset: Preset, seed: int, arrangement: str) -> Draw:
        if arrangement == "grid":
            return preset.counted(preset.fit(preset.grid, seed))
        turned = (f"--data.init_args.arrangement={arrangement}",)
        return preset.counted(preset.fit(preset.grid, seed, turned, arrangement))
