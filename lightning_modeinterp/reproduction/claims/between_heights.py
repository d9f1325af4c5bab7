"""In the bottleneck of the U-Net, images with two squares lie between those with one square high and one low."""

from pathlib import Path

from lightning_modeinterp.data.shapes.bottleneck import NOISE_TO_SIGNAL, NUM_EACH
from lightning_modeinterp.reproduction.claim import Claim, Needs
from lightning_modeinterp.reproduction.estimates import Measured, share
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.panels import figure_of_test
from lightning_modeinterp.reproduction.preset import Preset
from lightning_modeinterp.runs import CachedRuns, Draw, metrics_of

NOISE = "2"


class BetweenHeights(Claim):
    """Compare images with two squares to images as in the data, and the bottleneck to pixels, which are not learned."""

    name = "between-heights"
    sentence = "In the U-Net's bottleneck, images with two squares lie between those with one square high and one low."
    figures = ("15_1",)
    rule = (
        "Images are composed and noised to sigma / alpha = 2. Measured is the share of them that lie between both "
        "heights in the features of the bottleneck: of the 20 nearest images with one high or one low square, at least "
        "a quarter are of each kind. The share of images with two squares minus that of images with a square and "
        "another shape is above 0. Added by us: the share of images with two squares in the bottleneck minus that in "
        "the noised pixels, which are not learned, is above 0. The noise level was chosen among three, after one seed "
        "had been seen."
    )

    def needs(self, preset: Preset) -> Needs:
        """A model for each seed."""
        return Needs(tested=[_look(preset, seed) for seed in preset.seeds])

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """One against a square and another shape, one against the pixels."""
        seeds = [metrics_of(runs.tested(_look(preset, seed))) for seed in preset.seeds]
        two, other, pixels = (
            [_share(metrics, space, images) for metrics in seeds]
            for space, images in (("bottleneck", "two"), ("bottleneck", "other"), ("pixels", "two"))
        )
        return [
            _finding("two squares minus square and other shape", two, other),
            _finding("two squares, bottleneck minus pixels", two, pixels),
        ]

    def draw_figures(self, runs: CachedRuns, preset: Preset, folder: Path) -> list[Path]:
        """The t-SNE, as `modeinterp test` draws it."""
        return [figure_of_test(runs.tested(_look(preset, 0)), "bottleneck", folder / "bottleneck.png")]


def _look(preset: Preset, seed: int) -> Draw:
    return preset.looked_at_images(preset.fit(preset.shapes, seed))


def _share(metrics: dict[str, float], space: str, images: str) -> Measured:
    value = metrics[f"between/{space}/{images}/{NOISE}"]
    return Measured(value, share(round(value * NUM_EACH), NUM_EACH).error)


def _finding(question: str, asked: list[Measured], compared: list[Measured]) -> Finding:
    seeds = [first - second for first, second in zip(asked, compared, strict=True)]
    facts = {"share of two squares": [each.value for each in asked], "less": [each.value for each in compared]}
    question = f"share between heights: {question}"
    return Finding(question, "above", 0.0, seeds, facts=facts, num_variants=len(NOISE_TO_SIGNAL))
