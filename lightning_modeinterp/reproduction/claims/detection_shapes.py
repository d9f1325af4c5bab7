"""Detection of images with a shape twice, and whether it sees more than how much is on an image."""

import math
from collections.abc import Mapping, Sequence

import torch

from lightning_modeinterp.metrics.functional import matched_auroc
from lightning_modeinterp.reproduction.cached_runs import CachedRuns, Draw
from lightning_modeinterp.reproduction.claims.detection import CLAIMED, Detection, choose_window, finding_of
from lightning_modeinterp.reproduction.estimates import Measured
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.preset import Preset, System
from lightning_modeinterp.reproduction.sample_set import SampleSet, auroc

CHANCE = 0.5
INK = "ink"
SHAPES = ("triangles", "squares", "pentagons")


class DetectionOnShapes(Detection):
    """The claim on images. The paper does not publish its window for them, so one is chosen."""

    name = "detection-shapes"
    sentence = "Simple Shapes: more than 95 % of hallucinations are removed at 96 % of the images in support kept."
    rule = (
        "Hallucinated are images with a shape more than once; other faults are left out. A threshold on the variance "
        "keeps 96 % of the images in support of a calibration set; the share of the hallucinations of a sealed final "
        "set above it is above 0.95, by the window that removes most on an exploration set. Beside it (ours): the "
        "AUROC of that window among images with as many shapes is above 0.5, and it less that of the ink alone, over "
        "all images, is above 0."
    )
    kind = "repeated"

    def system(self, preset: Preset) -> System:
        """See `Detection.system`."""
        return preset.shapes

    def seeds(self, preset: Preset) -> range:
        """See `Detection.seeds`."""
        return preset.few_seeds

    def draws(self, preset: Preset, seed: int) -> dict[str, Draw]:
        """See `Detection.draws`."""
        fit = preset.fit(preset.shapes, seed)
        return {
            "explore": preset.counted_images(fit),
            "calibrate": preset.sealed(fit, seed, "calibrate", preset.num_images),
            "final": preset.sealed(fit, seed, "final", preset.shapes.num_final),
        }

    def shown_windows(self, sets: Mapping[str, SampleSet], preset: Preset) -> dict[str, str]:
        """See `Detection.shown_windows`; the paper's is not published."""
        return {"chosen": choose_window(sets["explore"])}

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """What the chosen window removes, and what it sees beyond the number of shapes and the ink."""
        seeds = [self.sets(runs, preset, seed) for seed in self.seeds(preset)]
        chosen = [choose_window(sets["explore"]) for sets in seeds]
        number = len(seeds[0]["explore"].windows)
        final = [sets["final"] for sets in seeds]
        return [
            finding_of("share removed, window chosen on explore", seeds, chosen, number, CLAIMED),
            _finding("AUROC among images with as many shapes", CHANCE, _matched(final, chosen), chosen, number),
            _finding("AUROC less that of the ink", 0.0, _beyond_ink(final, chosen), chosen, number),
        ]


def _finding(question: str, bound: float, seeds: list[Measured], chosen: list[str], number: int) -> Finding:
    return Finding(question, "above", bound, seeds, facts={"windows": chosen}, num_variants=number)


def _matched(sets: Sequence[SampleSet], windows: Sequence[str]) -> list[Measured]:
    measured = []
    for images, window in zip(sets, windows, strict=True):
        num_shapes = torch.stack([images.detail(name).long() for name in SHAPES]).sum(0)
        area, _ = matched_auroc(images.variance_of(window), images.hallucinated, num_shapes)
        measured.append(Measured(area, _error(area, images)))
    return measured


def _beyond_ink(sets: Sequence[SampleSet], windows: Sequence[str]) -> list[Measured]:
    measured = []
    for images, window in zip(sets, windows, strict=True):
        areas = [auroc(scores, images.hallucinated) for scores in (images.variance_of(window), images.statistics[INK])]
        measured.append(Measured(areas[0] - areas[1], math.hypot(*(_error(area, images) for area in areas))))
    return measured


def _error(area: float, images: SampleSet) -> float:
    """At most that of a share of the rarer class."""
    fewer = max(min(images.num_hallucinated, len(images) - images.num_hallucinated), 1)
    return math.sqrt(area * (1 - area) / fewer)
