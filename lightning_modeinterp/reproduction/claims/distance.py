"""Modes that are further apart have fewer hallucinations: between the gaps of one model, and between models."""

import math
from pathlib import Path

from lightning_modeinterp.figures import density_panels, save_figure
from lightning_modeinterp.reproduction.claim import Claim, Needs
from lightning_modeinterp.reproduction.estimates import Measured, log_count
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.measures import falling_rate, num_between
from lightning_modeinterp.reproduction.panels import line_panel
from lightning_modeinterp.reproduction.preset import Preset
from lightning_modeinterp.runs import CachedRuns, Draw

SPACINGS = (1.0, 1.5, 2.0)
"""Distances between three modes; a quarter of the smallest is 5 standard deviations."""

UNEVEN = (1.0, 2.0, 4.0, 5.0)


class Distance(Claim):
    """Vary the distance between modes on the line."""

    name = "distance"
    sentence = "In 1D, a larger distance between modes gives fewer samples between them."
    figures = ("4_1", "16_1", "16_3", "16_4")
    rule = (
        "Samples in the middle half of each gap between modes are counted. Within one model on {1, 2, 4, 5}: the count "
        "in the wide gap, divided by the mean count of the narrow gaps, is below 1. Between models on three modes, at "
        "equal updates: the slope of log(share of samples) against log(distance) is below 0."
    )

    def needs(self, preset: Preset) -> Needs:
        """A model for each seed and arrangement."""
        return Needs([
            draw for seed in preset.seeds
            for draw in (self._uneven(preset, seed), *(self._even(preset, seed, spacing) for spacing in SPACINGS))
        ])  # fmt: skip

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """Within one model, and between models."""
        return [self._within(runs, preset), self._between(runs, preset)]

    def draw_figures(self, runs: CachedRuns, preset: Preset, folder: Path) -> list[Path]:
        """Densities by arrangement."""
        draws = {f"{{1, {1 + each:g}, {1 + 2 * each:g}}}": self._even(preset, 0, each) for each in SPACINGS}
        draws["{1, 2, 4, 5}"] = self._uneven(preset, 0)
        panels = {name: line_panel(runs, draw) for name, draw in draws.items()}
        return [save_figure(density_panels(panels, "modes at several distances"), folder / "densities.png")]

    def _within(self, runs: CachedRuns, preset: Preset) -> Finding:
        counts = [num_between(runs, self._uneven(preset, seed)) for seed in preset.seeds]
        facts = {"in the gaps, from left to right": counts}
        mean = Measured(math.log(1 / 2))  # mean of the two narrow gaps, from their sum
        ratios = [log_count(wide) - log_count(left + right) - mean for left, wide, right in counts]
        return Finding("samples in the wide gap of {1, 2, 4, 5} over a narrow gap", "below", 1.0, ratios, True, facts)

    def _between(self, runs: CachedRuns, preset: Preset) -> Finding:
        seeds = [[self._even(preset, seed, spacing) for spacing in SPACINGS] for seed in preset.seeds]
        return falling_rate(runs, "slope of log share against log distance, three modes", "distance", SPACINGS, seeds)

    def _uneven(self, preset: Preset, seed: int) -> Draw:
        return preset.counted(preset.fit(preset.line, seed, (f"--data.init_args.means={list(UNEVEN)}",), "line_uneven"))

    def _even(self, preset: Preset, seed: int, spacing: float) -> Draw:
        if spacing == 1.0:  # {1, 2, 3}, which other claims train too
            return preset.counted(preset.fit(preset.line, seed))
        moved = (f"--data.init_args.means={[1.0, 1.0 + spacing, 1.0 + 2 * spacing]}",)
        return preset.counted(preset.fit(preset.line, seed, moved, f"line_spacing_{spacing:g}"))
