"""Detection of images with a repeated shape, whether it sees more than their ink, and histograms of the variance."""

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
    sentence = (
        "Simple Shapes: more than 95 % of hallucinations are removed while 96 % of the images in support are kept."
    )
    rule = (
        "An image with a shape more than once is a hallucination; images with other faults are left out. A threshold "
        "on the variance is set to keep 96 % of the images in support of a calibration set. The share of the "
        "hallucinations above it, in a final set that is used once, is above 0.95, for the window that removes most on "
        "an exploration set. Added by us: the AUROC of that window among images with the same number of shapes is "
        "above 0.5. Over all images, its AUROC minus that of the ink alone is above 0."
    )
    kind = "repeated"
    alike = "images with the same number of shapes"
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
