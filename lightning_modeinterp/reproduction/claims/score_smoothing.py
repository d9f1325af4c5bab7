"""The learned score smooths the jumps of the true one."""

import math
from pathlib import Path

from lightning_modeinterp.reproduction.claim import Claim, Needs
from lightning_modeinterp.reproduction.estimates import Measured
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.panels import figure_of_test
from lightning_modeinterp.reproduction.preset import Preset, System
from lightning_modeinterp.runs import CachedRuns, Draw, metrics_of

NOISE_IN_STDS = (1, 2, 4)
"""Noise levels sigma / alpha, in standard deviations of a mode, at which the modes of both data are separate."""


class ScoreSmoothing(Claim):
    """Compare the largest slope of both scores along the segments between neighbours."""

    name = "score-smoothing"
    sentence = "The learned score is smooth where the true score jumps between modes."
    figures = ("5_2",)
    rule = (
        "The largest slope of the learned score, divided by that of the true one, is below 1. It is measured in the "
        "middle half of the segments between neighbouring modes (mean over pairs), at noise of 1, 2 and 4 standard "
        "deviations of a mode, in 1D and in 2D."
    )

    def needs(self, preset: Preset) -> Needs:
        """A model for each seed, on the line and on the grid."""
        return Needs(tested=[_look(preset, system, seed) for seed in preset.seeds for system in preset.both.values()])

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """One for each noise level."""
        found = []
        for name, system in preset.both.items():
            metrics = [metrics_of(runs.tested(_look(preset, system, seed))) for seed in preset.seeds]
            for noise in NOISE_IN_STDS:
                ratios = [Measured(each.get(f"score_slope_ratio/{noise}_std", math.nan)) for each in metrics]
                question = f"{name}, noise of {noise} mode std: learned slope over true"
                found.append(Finding(question, "below", 1.0, ratios))
        return found

    def draw_figures(self, runs: CachedRuns, preset: Preset, folder: Path) -> list[Path]:
        """Both scores and their difference, as `modeinterp test` draws them."""
        return [
            figure_of_test(runs.tested(_look(preset, system, 0)), "score", folder / f"score_{name}.png")
            for name, system in preset.both.items()
        ]


def _look(preset: Preset, system: System, seed: int) -> Draw:
    return preset.looked_at(preset.fit(system, seed))
