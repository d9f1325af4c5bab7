"""Histograms of trajectory variance are separated for hallucinations and for samples in support."""

from pathlib import Path

from matplotlib.figure import Figure

from lightning_modeinterp.figures import save_figure
from lightning_modeinterp.judged_samples import JudgedSamples
from lightning_modeinterp.reproduction.claim import Claim, Needs
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.panels import variance_figure
from lightning_modeinterp.reproduction.preset import Preset
from lightning_modeinterp.reproduction.sample_set import measured_auroc, threshold_of
from lightning_modeinterp.runs import CachedRuns
from lightning_modeinterp.sample_store import SampleStore

BOUND = 0.9


class VarianceSeparates(Claim):
    """Measure the AUROC of the variance of x_0_hat over the paper's window."""

    name = "variance-separates"
    sentence = "Histograms of the trajectory variance of hallucinations and of samples in support are separated."
    figures = ("7_2",)
    rule = (
        "The AUROC of the variance over the last 10 steps (in our 2D schedule: over the same noise levels) is above "
        "0.9 (ours), in 1D and in 2D."
    )

    def needs(self, preset: Preset) -> Needs:
        """The samples of a model for each seed."""
        models = [preset.fit(system, seed) for seed in preset.seeds for system in preset.both.values()]
        return Needs([preset.counted(model) for model in models])

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """One in 1D, one in 2D."""
        found = []
        for name, system in preset.both.items():
            areas, counts = [], []
            for seed in preset.seeds:
                samples = JudgedSamples.of(runs.samples(preset.counted(preset.fit(system, seed)))).clear()
                areas.append(measured_auroc(samples, system.window))
                counts.append(samples.num_hallucinated)
            found.append(Finding(f"{name}: AUROC", "above", BOUND, areas, facts={"hallucinated": counts}))
        return found

    def draw_figures(self, runs: CachedRuns, preset: Preset, folder: Path) -> list[Path]:
        """Histograms of every second sample; the others set the threshold."""
        return [
            save_figure(
                histograms(runs.samples(preset.counted(preset.fit(system, 0))), system.window),
                folder / f"variance_{name}.png",
            )
            for name, system in preset.both.items()
        ]


def histograms(store: SampleStore, window: str) -> Figure:
    """The variance over a window, of every second sample; the others set the threshold."""
    samples = JudgedSamples.of(store).clear()
    scores, hallucinated = samples.variance_of(window), samples.hallucinated
    threshold = threshold_of(scores[::2], hallucinated[::2])
    return variance_figure(scores[1::2], hallucinated[1::2], threshold, window)
