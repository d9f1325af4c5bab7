"""Images with a shape twice are drawn, which no image of the data has."""

from pathlib import Path

import torch

from lightning_modeinterp.figures import ImageGroup, image_grid, save_figure
from lightning_modeinterp.judged_samples import JudgedSamples
from lightning_modeinterp.reproduction.claim import Claim, Needs
from lightning_modeinterp.reproduction.claims.true_score import TRUE_SCORE
from lightning_modeinterp.reproduction.estimates import Measured, share
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.preset import Preset
from lightning_modeinterp.runs import CachedRuns

BOUND = 0.01
REPEATED = "repeated"
NUM_SHOWN = 40


class RepeatedShapes(Claim):
    """Count them, and in the samples of the true score too. Of the figures the halves with hands are another matter."""

    name = "repeated-shapes"
    sentence = "Simple Shapes: images with two or more of one shape are generated, where the data have none."
    figures = ("1_1", "6_1", "17_2", "18_1", "19_1", "20_1", "21_1", "22_1", "23_1")
    rule = (
        "The share of images with a shape more than once is above 0.01 (ours) in the samples of the learned score, and "
        "below it in those of the true score, same sampler and noise."
    )

    def needs(self, preset: Preset) -> Needs:
        """The images of the learned and of the true score for each seed."""
        models = [preset.fit(preset.shapes, seed) for seed in preset.seeds]
        return Needs([preset.counted_images(model, score) for model in models for score in ((), TRUE_SCORE)])

    def findings(self, runs: CachedRuns, preset: Preset) -> list[Finding]:
        """One for either score."""
        learned, true = (self._measured(score, runs, preset) for score in ((), TRUE_SCORE))
        question = "share of images with a shape twice, {} score"
        return [
            Finding(question.format("learned"), "above", BOUND, learned[0], facts=learned[1]),
            Finding(question.format("true"), "below", BOUND, true[0], facts=true[1]),
        ]

    def draw_figures(self, runs: CachedRuns, preset: Preset, folder: Path) -> list[Path]:
        """Data and generated images, those with a shape twice in a frame."""
        draw = preset.counted_images(preset.fit(preset.shapes, 0))
        images, data = JudgedSamples.of(runs.samples(draw)), runs.data(draw)
        shown = images.is_kind(REPEATED)[:NUM_SHOWN]
        true = data.to_data_units(data.make_dataset("train")[torch.arange(NUM_SHOWN // 2)])
        groups = {"data": ImageGroup(true), "generated": ImageGroup(images.samples[:NUM_SHOWN], shown)}
        return [save_figure(image_grid(groups, "framed: a shape more than once"), folder / "images.png")]

    def _measured(
        self, score: tuple[str, ...], runs: CachedRuns, preset: Preset
    ) -> tuple[list[Measured], dict[str, object]]:
        """The share of each seed, and facts behind it."""
        sets = [
            JudgedSamples.of(runs.samples(preset.counted_images(preset.fit(preset.shapes, seed), score)))
            for seed in preset.seeds
        ]
        shares = [share(int(each.is_kind(REPEATED).sum()), len(each)) for each in sets]
        facts = {
            "images of each": len(sets[0]),
            "in support": [float(each.in_support.double().mean()) for each in sets],
        }
        return shares, facts
