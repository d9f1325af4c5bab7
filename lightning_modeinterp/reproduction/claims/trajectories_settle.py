"""At the end of the reverse trajectory the predicted x_0 of a hallucination still moves; in support it has settled."""

import math
from pathlib import Path

from lightning_modeinterp.judged_samples import JudgedSamples
from lightning_modeinterp.reproduction.claim import Claim, Needs
from lightning_modeinterp.reproduction.estimates import Measured
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.measures import gaussian_data_of, log_median
from lightning_modeinterp.reproduction.panels import figure_of_test
from lightning_modeinterp.reproduction.preset import Preset
from lightning_modeinterp.runs import CachedRuns


class TrajectoriesSettle(Claim):
    """Compare how far x_0_hat moves over the paper's window, between the verdicts and with the width of a mode."""

    name = "trajectories-settle"
    sentence = "At the end of the trajectory, the predicted x_0 of hallucinations keeps moving; in support it settles."
    figures = ("5_2", "7_1")
    rule = (
        "Measured is the standard deviation of x_0_hat over the last 10 steps (in our 2D schedule: over the same noise "
        "levels), median over samples. That of hallucinations, divided by that of samples in support, is above 1. That "
        "of samples in support, divided by the standard deviation of a mode, is below 1. In 1D and in 2D."
    )

    def needs(self, preset: Preset) -> Needs:
        """The samples of a model for each seed, and a test of the first."""
        counted = [preset.counted(preset.fit(each, seed)) for seed in preset.seeds for each in preset.both.values()]
        return Needs(counted, [preset.looked_at(preset.fit(system, 0)) for system in preset.both.values()])

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """Movement between the verdicts, and against the width of a mode."""
        found = []
        for name, system in preset.both.items():
            between, within, counts = [], [], []
            for seed in preset.seeds:
                draw = preset.counted(preset.fit(system, seed))
                samples = JudgedSamples.of(runs.samples(draw))
                moved = samples.variance_of(system.window).sqrt()  # a mean over coordinates: one coordinate's movement
                settled = log_median(moved[samples.in_support])
                between.append(log_median(moved[samples.hallucinated]) - settled)
                within.append(settled - Measured(math.log(gaussian_data_of(runs, draw).scaled_mixture.std)))
                counts.append(samples.num_hallucinated)
            facts = {"hallucinated": counts}
            found += [
                Finding(f"{name}: movement of hallucinated over in support", "above", 1.0, between, True, facts),
                Finding(f"{name}: movement in support over width of a mode", "below", 1.0, within, True),
            ]
        return found

    def draw_figures(self, runs: CachedRuns, preset: Preset, folder: Path) -> list[Path]:
        """Trajectories of both verdicts, as `modeinterp test` draws them."""
        looks = {name: runs.tested(preset.looked_at(preset.fit(system, 0))) for name, system in preset.both.items()}
        return [
            figure_of_test(look, "predicted_x_0", folder / f"trajectories_{name}.png") for name, look in looks.items()
        ]
