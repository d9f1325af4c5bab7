"""Detection of images with a shape twice, whether it sees more than how much is on an image, and its histograms."""

import torch
from torch import Tensor

from lightning_modeinterp.judged_samples import JudgedSamples
from lightning_modeinterp.reproduction.claims.detection_images import DetectionOnImages
from lightning_modeinterp.reproduction.claims.separation_images import SeparationOnImages
from lightning_modeinterp.reproduction.preset import Preset, System

SHAPES = ("triangles", "squares", "pentagons")


class DetectionOnShapes(DetectionOnImages):
    """The claim on Simple Shapes."""

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
    alike = "images with as many shapes"
    baselines = ("ink",)

    def system(self, preset: Preset) -> System:
        """See `Detection.system`."""
        return preset.shapes

    def strata(self, images: JudgedSamples) -> Tensor:
        """The number of shapes."""
        return torch.stack([images.verdict.details[name].long() for name in SHAPES]).sum(0)


class SeparationOnShapes(SeparationOnImages):
    """Figure 7_2 for Simple Shapes."""

    name = "variance-separates-shapes"
    sentence = "Simple Shapes: histograms of the trajectory variance of hallucinations and of others are separated."
    detection = DetectionOnShapes()
    rule = SeparationOnImages.rule.format(detection.name)
