"""Images of hands with extra or missing fingers are generated, although all hands in the data have five."""

from lightning_modeinterp.reproduction.claims.invented_images import InventedImages, share_of
from lightning_modeinterp.reproduction.claims.true_score import TRUE_SCORE
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.preset import Preset
from lightning_modeinterp.runs import CachedRuns, Draw

BOUND = 0.01
EXTRA, BOUND_OF_EXTRA = "extra", 0.001


class WrongFingers(InventedImages):
    """Count both, also in samples of the true score of a bank of hands: that of all hands is not known."""

    name = "wrong-fingers"
    sentence = (
        "Drawn hands with extra and with missing fingers are generated, although all hands in the data have five."
    )
    rule = (
        "In samples of a network trained on drawn hands, the share of hands with extra or missing fingers is above "
        "0.01 (ours), and the share with extra fingers alone is above 0.001 (ours). In samples of the true score of a "
        "bank of such hands, with the same sampler and noise, the share with extra or missing fingers is below 0.01. "
        "One seed of the network had been seen before."
    )
    kinds = (EXTRA, "missing")

    def learned(self, preset: Preset, seed: int) -> Draw:
        """See `InventedImages.learned`."""
        return preset.counted_images(preset.fit(preset.hands, seed))

    def true(self, preset: Preset, seed: int) -> Draw:
        """See `InventedImages.true`."""
        return preset.counted_images(preset.fit(preset.hands_bank, seed), TRUE_SCORE)

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """Both kinds and extra fingers alone, for the learned score; both kinds, for the true one."""
        learned, true = self.sets(runs, preset)
        both = "share of hands with extra or missing fingers, {}"
        extra = "share of hands with extra fingers, learned score"
        return [
            share_of(self.kinds, learned, both.format("learned score"), "above", BOUND),
            share_of([EXTRA], learned, extra, "above", BOUND_OF_EXTRA),
            share_of(self.kinds, true, both.format("true score of a bank"), "below", BOUND),
        ]
