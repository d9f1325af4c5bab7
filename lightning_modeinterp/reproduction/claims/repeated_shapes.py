"""Images with a repeated shape are generated, which the data do not have."""

from lightning_modeinterp.reproduction.claims.invented_images import InventedImages, share_of
from lightning_modeinterp.reproduction.claims.true_score import TRUE_SCORE
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.preset import Preset
from lightning_modeinterp.runs import CachedRuns, Draw

BOUND = 0.01


class RepeatedShapes(InventedImages):
    """Count them in samples of the learned and of the true score. Images of hands are another claim."""

    name = "repeated-shapes"
    sentence = "Simple Shapes: images with two or more of one shape are generated, although the data have none."
    rule = (
        "The share of images with a shape more than once is above 0.01 (ours) in the samples of the learned score, and "
        "below it in those of the true score, with the same sampler and noise."
    )
    kinds = ("repeated",)

    def learned(self, preset: Preset, seed: int) -> Draw:
        """See `InventedImages.learned`."""
        return preset.counted_images(preset.fit(preset.shapes, seed))

    def true(self, preset: Preset, seed: int) -> Draw:
        """See `InventedImages.true`."""
        return preset.counted_images(preset.fit(preset.shapes, seed), TRUE_SCORE)

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """One for each score."""
        question = "share of images with a shape twice, {} score"
        learned, true = self.sets(runs, preset)
        return [
            share_of(self.kinds, learned, question.format("learned"), "above", BOUND),
            share_of(self.kinds, true, question.format("true"), "below", BOUND),
        ]
