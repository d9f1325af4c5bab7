"""Detection of images with a shape twice, and whether it sees more than how much is on an image."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from lightning_modeinterp.judged_samples import JudgedSamples
from lightning_modeinterp.metrics.functional import matched_auroc, matched_auroc_without_each
from lightning_modeinterp.reproduction.claims.detection import CLAIMED, Detection, choose_window, finding_of
from lightning_modeinterp.reproduction.estimates import Measured, jackknife_error, share
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.preset import Preset, System
from lightning_modeinterp.reproduction.sample_set import auroc
from lightning_modeinterp.runs import CachedRuns, Draw

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

    def shown_windows(self, sets: Mapping[str, JudgedSamples], preset: Preset) -> dict[str, str]:
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


def _matched(sets: Sequence[JudgedSamples], windows: Sequence[str]) -> list[Measured]:
    measured = []
    for images, window in zip(sets, windows, strict=True):
        num_shapes = torch.stack([images.verdict.details[name].long() for name in SHAPES]).sum(0)
        given = (images.variance_of(window), images.hallucinated, num_shapes)
        measured.append(Measured(matched_auroc(*given)[0], _error(matched_auroc_without_each(*given), images)))
    return measured


def _beyond_ink(sets: Sequence[JudgedSamples], windows: Sequence[str]) -> list[Measured]:
    measured = []
    for images, window in zip(sets, windows, strict=True):
        hallucinated, together = images.hallucinated, torch.zeros_like(images.hallucinated, dtype=torch.int64)
        both = (images.variance_of(window), images.scores[INK])
        areas = [auroc(scores, hallucinated) for scores in both]
        others = [matched_auroc_without_each(scores, hallucinated, together) for scores in both]
        measured.append(Measured(areas[0] - areas[1], _error(others[0] - others[1], images)))
    return measured


def _error(without_each: Tensor, images: JudgedSamples) -> float:
    """By the jackknife; at least that of a share of the rarer class without a miss, so that few are not certain.

    At most 1, since no number from -1 to 1 spreads more; where it hangs on a single image the jackknife knows no end.
    """
    fewer = min(images.num_hallucinated, len(images) - images.num_hallucinated)
    return min(max(jackknife_error(without_each), share(fewer, fewer).error), 1.0)
