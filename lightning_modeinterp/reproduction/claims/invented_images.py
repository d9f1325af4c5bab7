"""Images of kinds that the data do not have are generated, and the true score gives none."""

from abc import abstractmethod
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import ClassVar, Literal

import torch

from lightning_modeinterp.figures import ImageGroup, image_grid, save_figure
from lightning_modeinterp.judged_samples import JudgedSamples
from lightning_modeinterp.reproduction.claim import Claim, Needs
from lightning_modeinterp.reproduction.estimates import share
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.preset import Preset
from lightning_modeinterp.runs import CachedRuns, Draw

NUM_SHOWN = 40
NUM_OF_A_KIND = 20


class InventedImages(Claim):
    """Count images of some kinds in the samples of the learned score, and in those of a true one."""

    figures = ("1_1", "6_1", "17_2", "18_1", "19_1", "20_1", "21_1", "22_1", "23_1")
    kinds: ClassVar[tuple[str, ...]]
    """The kinds of hallucination that are counted."""

    @abstractmethod
    def learned(self, preset: Preset, seed: int) -> Draw:
        """Images of a trained model."""

    @abstractmethod
    def true(self, preset: Preset, seed: int) -> Draw:
        """Images of the true score."""

    def needs(self, preset: Preset) -> Needs:
        """The images of the learned and of the true score for each seed."""
        return Needs([draw(preset, seed) for seed in preset.seeds for draw in (self.learned, self.true)])

    def sets(self, runs: CachedRuns, preset: Preset) -> tuple[list[JudgedSamples], list[JudgedSamples]]:
        """The images of each seed, of the learned and of the true score."""
        learned, true = (
            [JudgedSamples.of(runs.samples(draw(preset, seed))) for seed in preset.seeds]
            for draw in (self.learned, self.true)
        )
        return learned, true

    def draw_figures(self, runs: CachedRuns, preset: Preset, folder: Path) -> list[Path]:
        """Data and generated images, with frames on the counted kinds, and more images of each kind."""
        draw = self.learned(preset, 0)
        images, data = JudgedSamples.of(runs.samples(draw)), runs.data(draw)
        true = data.to_data_units(data.served("train")[torch.arange(NUM_SHOWN // 2)])
        shown = images.is_one_of(self.kinds)[:NUM_SHOWN]
        groups = {"data": ImageGroup(true), "generated": ImageGroup(images.samples[:NUM_SHOWN], shown)}
        for kind in self.kinds:
            if (of_kind := images.is_one_of([kind])).any():
                groups[f"generated, {kind}"] = ImageGroup(images.samples[of_kind][:NUM_OF_A_KIND])
        title = f"framed: {' or '.join(self.kinds)}"
        return [save_figure(image_grid(groups, title), folder / "images.png")]


def share_of(
    kinds: Collection[str], sets: Sequence[JudgedSamples], question: str, side: Literal["above", "below"], bound: float
) -> Finding:
    """Measure the share of images of some kinds.

    Args:
        kinds: The kinds.
        sets: The images of each seed.
        question: The question.
        side: See `Finding`.
        bound: See `Finding`.
    """
    shares = [share(int(each.is_one_of(kinds).sum()), len(each)) for each in sets]
    facts = {"images of each": len(sets[0]), "in support": [float(each.in_support.double().mean()) for each in sets]}
    return Finding(question, side, bound, shares, facts=facts)
