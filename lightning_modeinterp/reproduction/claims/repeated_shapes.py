"""Images with a shape twice are drawn, which no image of the data has."""

from lightning_modeinterp.reproduction.claims.invented_images import InventedImages, share_of
from lightning_modeinterp.reproduction.claims.true_score import TRUE_SCORE
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.preset import Preset
from lightning_modeinterp.runs import CachedRuns, Draw

BOUND = 0.01


class RepeatedShapes(InventedImages):
    """Count them, and in the samples of the true score too. The halves of the figures with hands are another claim."""

    name = "repeated-shapes"
    sentence = "Simple Shapes: images with two or more of one shape are generated, where the data have none."
    rule = (
        "The share of images with a shape more than once is above 0.01 (ours) in the samples of the learned score, and "
        "below it in those of the true score, same sampler and noise."
    )
    kinds = ("repeated",)

    def learned(self, preset: Preset, seed: int) -> Draw:
        """See `InventedImages.learned`."""
        return preset.counted_images(preset.fit(preset.shapes, seed))

    def true(self, preset: Preset, seed: int) -> Draw:
        """See `InventedImages.true`."""
        return preset.counted_images(preset.fit(preset.shapes, seed), TRUE_SCORE)

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """One for either score."""
        question = "share of images with a shape twice, {} score"
        learned, true = self.sets(runs, preset)
        return [
            share_of(self.kinds, learned, question.format("learned"), "above", BOUND),
            share_of(self.kinds, true, question.format("true"), "below", BOUND),
        ]
