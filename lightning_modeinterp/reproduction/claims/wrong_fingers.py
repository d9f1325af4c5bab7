"""Images of hands with a finger too many or one missing are drawn, where all hands of the data have five."""

from lightning_modeinterp.reproduction.claims.invented_images import InventedImages, share_of
from lightning_modeinterp.reproduction.claims.true_score import TRUE_SCORE
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.preset import Preset
from lightning_modeinterp.runs import CachedRuns, Draw

BOUND = 0.01
EXTRA, BOUND_OF_EXTRA = "extra", 0.001


class WrongFingers(InventedImages):
    """Count both, and in the samples of the true score of a bank of hands: that of all hands is not known."""

    name = "wrong-fingers"
    sentence = "Drawn hands with extra and with missing fingers are generated, where all hands of the data have five."
    rule = (
        "The share of hands with extra or missing fingers is above 0.01 (ours) in the samples of a network trained on "
        "drawn hands, and that of extra ones alone above 0.001 (ours); the former is below 0.01 in the samples of the "
        "true score of a bank of such hands, same sampler and noise. One seed of the network had been seen before."
    )
    kinds = (EXTRA, "missing")

    def learned(self, preset: Preset, seed: int) -> Draw:
        """See `InventedImages.learned`."""
        return preset.counted_images(preset.fit(preset.hands, seed))

    def true(self, preset: Preset, seed: int) -> Draw:
        """See `InventedImages.true`."""
        return preset.counted_images(preset.fit(preset.hands_bank, seed), TRUE_SCORE)

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """Of the learned score both kinds, and extra fingers alone; of the true one both."""
        learned, true = self.sets(runs, preset)
        both = "share of hands with extra or missing fingers, {}"
        extra = "share of hands with extra fingers, learned score"
        return [
            share_of(self.kinds, learned, both.format("learned score"), "above", BOUND),
            share_of([EXTRA], learned, extra, "above", BOUND_OF_EXTRA),
            share_of(self.kinds, true, both.format("true score of a bank"), "below", BOUND),
        ]
