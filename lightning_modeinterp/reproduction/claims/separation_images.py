"""How far the histograms of trajectory variance lie apart on images."""

from pathlib import Path
from typing import ClassVar

from lightning_modeinterp.reproduction.claim import Claim, Needs
from lightning_modeinterp.reproduction.claims.detection import choose_window
from lightning_modeinterp.reproduction.claims.detection_images import DetectionOnImages
from lightning_modeinterp.reproduction.claims.variance_separates import BOUND
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.preset import Preset
from lightning_modeinterp.reproduction.sample_set import measured_auroc
from lightning_modeinterp.runs import CachedRuns


class SeparationOnImages(Claim):
    """AUROC of the variance on the final set of a detection, over the window that it chose."""

    figures = ("7_2",)
    rule = (
        "On a final set, the AUROC of the variance over the window that removes most on an exploration set is above "
        "0.9 (ours, as for Gaussian mixtures). Samples and hallucinations are those of {}."
    )
    detection: ClassVar[DetectionOnImages]

    def needs(self, preset: Preset) -> Needs:
        """The sets of the detection."""
        return self.detection.needs(preset)

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """One."""
        seeds = [self.detection.sets(runs, preset, seed) for seed in self.detection.seeds(preset)]
        windows = [choose_window(sets["explore"]) for sets in seeds]
        areas = [measured_auroc(sets["final"], window) for sets, window in zip(seeds, windows, strict=True)]
        facts = {"windows": windows, "hallucinated": [sets["final"].num_hallucinated for sets in seeds]}
        number = len(seeds[0]["explore"].windows)
        return [
            Finding(
                "AUROC, window chosen on the exploration set", "above", BOUND, areas, facts=facts, num_variants=number
            )
        ]

    def draw_figures(self, runs: CachedRuns, preset: Preset, folder: Path) -> list[Path]:
        """The histograms, with the threshold of the detection."""
        return self.detection.draw_figures(runs, preset, folder)
