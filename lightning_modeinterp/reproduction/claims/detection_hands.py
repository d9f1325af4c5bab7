"""Detection of hands that are none of five fingers, whether it sees more than size and light, and its histograms."""

from torch import Tensor

from lightning_modeinterp.judged_samples import JudgedSamples
from lightning_modeinterp.reproduction.claims.detection_images import CHANCE, DetectionOnImages
from lightning_modeinterp.reproduction.claims.separation_images import SeparationOnImages
from lightning_modeinterp.reproduction.preset import Preset, System
from lightning_modeinterp.reproduction.sample_set import auroc

AREA = "area"
STRATA = 100
"""Over the area of the image: hands of one stratum differ by less than a hundredth of it."""


class DetectionOnHands(DetectionOnImages):
    """The claim on hands."""

    name = "detection-hands"
    sentence = "Drawn hands: more than 95 % of hallucinations are removed at 96 % of the images in support kept."
    rule = (
        "Hallucinated is what is no hand of five fingers. A threshold on the variance keeps 96 % of the images in "
        "support of a calibration set; the share of the hallucinations of a sealed final set above it is above 0.95, "
        "by the window that removes most on an exploration set. Beside it (ours): the AUROC of that window among "
        "hands whose areas fall into the same hundredth of the image is above 0.5, and it less that of the area "
        "alone, and of the ink alone, over all images, is above 0; of either the exploration set says whether much or "
        "little of it is suspect. Windows, area and ink had been seen on samples of one seed before."
    )
    alike = "hands as large"
    baselines = (AREA, "ink")

    def system(self, preset: Preset) -> System:
        """See `Detection.system`."""
        return preset.hands

    def strata(self, images: JudgedSamples) -> Tensor:
        """The area, in hundredths of the image."""
        return (STRATA * images.scores[AREA].double()).floor().long()

    def baseline(self, name: str, images: JudgedSamples, explore: JudgedSamples) -> Tensor:
        """See `DetectionOnImages.baseline`: the other way round where that detects on the exploration set."""
        is_reversed = auroc(explore.scores[name], explore.hallucinated) < CHANCE
        return -images.scores[name] if is_reversed else images.scores[name]


class SeparationOnHands(SeparationOnImages):
    """Figure 7_2 for hands."""

    name = "variance-separates-hands"
    sentence = "Drawn hands: histograms of the trajectory variance of hallucinations and of others are separated."
    detection = DetectionOnHands()
    rule = SeparationOnImages.rule.format(detection.name)
