"""Detection of hallucinated hands, whether it sees more than area and ink, and the histograms of the variance."""

from torch import Tensor

from lightning_modeinterp.judged_samples import JudgedSamples
from lightning_modeinterp.reproduction.claims.detection_images import CHANCE, DetectionOnImages
from lightning_modeinterp.reproduction.claims.separation_images import SeparationOnImages
from lightning_modeinterp.reproduction.preset import Preset, System
from lightning_modeinterp.reproduction.sample_set import auroc

AREA = "area"
STRATA = 100
"""Number of strata: areas of hands in one stratum differ by less than a hundredth of the image."""


class DetectionOnHands(DetectionOnImages):
    """The claim on hands."""

    name = "detection-hands"
    sentence = "Drawn hands: more than 95 % of hallucinations are removed while 96 % of the images in support are kept."
    rule = (
        "An image that is not a hand with five fingers is a hallucination. A threshold on the variance is set to keep "
        "96 % of the images in support of a calibration set. The share of the hallucinations above it, in a final set "
        "that is used once, is above 0.95, for the window that removes most on an exploration set. Added by us: the "
        "AUROC of that window among hands of similar area (areas within the same hundredth of the image) is above "
        "0.5. Over all images, its AUROC minus that of the area alone is above 0, and so is its AUROC minus that of "
        "the ink alone; the exploration set shows whether more or less area or ink is suspect. Windows, area and ink "
        "had been seen on samples of one seed before."
    )
    alike = "hands of similar area"
    baselines = (AREA, "ink")

    def system(self, preset: Preset) -> System:
        """See `Detection.system`."""
        return preset.hands

    def strata(self, images: JudgedSamples) -> Tensor:
        """The area, in hundredths of the image."""
        return (STRATA * images.scores[AREA].double()).floor().long()

    def baseline(self, name: str, images: JudgedSamples, explore: JudgedSamples) -> Tensor:
        """See `DetectionOnImages.baseline`; reversed if less of it is suspect on the exploration set."""
        is_reversed = auroc(explore.scores[name], explore.hallucinated) < CHANCE
        return -images.scores[name] if is_reversed else images.scores[name]


class SeparationOnHands(SeparationOnImages):
    """Figure 7_2 for hands."""

    name = "variance-separates-hands"
    sentence = "Drawn hands: histograms of the trajectory variance of hallucinations and of others are separated."
    detection = DetectionOnHands()
    rule = SeparationOnImages.rule.format(detection.name)
