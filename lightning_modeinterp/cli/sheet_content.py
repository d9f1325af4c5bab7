"""Content of the page of `modeinterp sheet`: images of a store or a folder, their scores and their labels.

Only the chosen images of a store are held in memory, whatever its size.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from lightning_modeinterp.data.images import Preparation, decode_image, find_images, to_bytes
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.filters.base import Rule, Sound
from lightning_modeinterp.filters.ends import ends
from lightning_modeinterp.records import GeneratedBatch, SupportVerdict
from lightning_modeinterp.sample_store import SampleStore
from lightning_modeinterp.sample_store.export import is_image
from lightning_modeinterp.sheets import NUMBERS, SheetImage, labels_of_kinds, read_score_table

ENDS = ("both", "highest", "lowest")


@dataclass(frozen=True)
class Wanted:
    """Which images to show.

    Args:
        num: Maximum number.
        by: The score to sort by; None for the order of the images.
        end: Which end of the score to show if there are more than ``num``: one of `ENDS`.
    """

    num: int
    by: str | None
    end: str

    @property
    def num_lowest(self) -> int:
        """Number of images at the low end."""
        return {"both": self.num // 2, "highest": 0, "lowest": self.num}[self.end]

    @property
    def num_highest(self) -> int:
        """Number of images at the high end."""
        return self.num - self.num_lowest

    def first(self, number: int) -> str:
        """The caption for the first of ``number`` images."""
        return f"the first {self.num:,} of {number:,}" if number > self.num else f"all {number:,}"

    def at_ends(self, number: int) -> str:
        """The caption for the ends of ``number`` images."""
        if number <= self.num:
            return f"all {number:,}, by {self.by}"
        parts = {"highest": self.num_highest, "lowest": self.num_lowest}
        said = " and ".join(f"the {count:,} {end}" for end, count in parts.items() if count)
        return f"of {number:,} {said}, by {self.by}"


@dataclass(frozen=True)
class SheetContent:
    """Content of a page: images, labels by key, the score that sorts them, and a caption."""

    images: list[SheetImage]
    labels: dict[str, str]
    by: str | None
    note: str


def of_store(path: Path, wanted: Wanted) -> SheetContent:
    """Images of a store; if sorted, those that diverged are left out.

    Raises:
        ConfigurationError: If there is no such score, or its samples are not images.
    """
    store = SampleStore.open(path)
    images: list[SheetImage] = []
    labels = NUMBERS
    for batch in store:
        if not is_image(batch.samples):
            raise ConfigurationError(f"sheet: expected images, got samples of shape {tuple(batch.samples.shape[1:])}")
        break
    rule, note = _rule(store, wanted)
    for batch in store if wanted.by is None else Sound(store):
        if batch.verdict is not None:
            labels = _labels_of(batch.verdict)
        images += _images_of(batch[rule(batch)])
        if wanted.by is None and len(images) >= wanted.num:
            break
    return SheetContent(images, labels, wanted.by, note)


def of_folder(path: Path, wanted: Wanted, preparation: Preparation, scores: Path | None) -> SheetContent:
    """Images of a folder, with the scores of a table if one is given.

    Raises:
        ConfigurationError: If there are no images, one of them has no scores, or there is no such score.
    """
    names = find_images(path)
    if scores is None:
        if wanted.by is not None:
            raise ConfigurationError(f"sheet: expected --scores with a CSV file that has {wanted.by}, got none")
        images = [SheetImage(name, decode_image(path / name, preparation)) for name in names[: wanted.num]]
        return SheetContent(images, NUMBERS, None, wanted.first(len(names)))
    table = read_score_table(scores)
    rows = table.rows(names)
    values = {name: each[rows] for name, each in table.scores.items()}
    sorted_by = replace(wanted, by=wanted.by or next(iter(values)))
    batch = GeneratedBatch(torch.arange(len(names)), torch.zeros(len(names), 1), values, len(names))
    rule, note = _rule([batch], sorted_by)
    images = [
        SheetImage(names[row], decode_image(path / names[row], preparation), scores=_scores_at(batch, row))
        for row in rule(batch).nonzero().flatten().tolist()
    ]
    return SheetContent(images, NUMBERS, sorted_by.by, note)


def _rule(samples: SampleStore | list[GeneratedBatch], wanted: Wanted) -> tuple[Rule, str]:
    """Which samples are on the page, and their caption."""
    if wanted.by is None:
        return lambda batch: batch.index < wanted.num, wanted.first(len(samples))
    rule = ends(samples, wanted.by, wanted.num_lowest, wanted.num_highest)
    num_sound, num_drawn = sum(map(len, Sound(samples))), sum(map(len, samples))
    left_out = f"; {num_drawn - num_sound:,} diverged and are left out" if num_sound < num_drawn else ""
    return rule, wanted.at_ends(num_sound) + left_out


def _labels_of(verdict: SupportVerdict) -> dict[str, str]:
    """The kinds of an oracle, or digits if it counts something."""
    counted = [name for name, values in verdict.details.items() if not values.is_floating_point()]
    return NUMBERS if len(counted) == 1 else labels_of_kinds(verdict.kinds)


def _images_of(batch: GeneratedBatch) -> Iterator[SheetImage]:
    verdict, pixels = batch.verdict, to_bytes(batch.samples).numpy()
    for row, number in enumerate(batch.index.tolist()):
        kind = "" if verdict is None else verdict.kinds[int(verdict.kind[row])]
        yield SheetImage(str(number), pixels[row], kind, _scores_at(batch, row))


def _scores_at(batch: GeneratedBatch, row: int) -> dict[str, float]:
    return {name: values[row].item() for name, values in batch.scores.items()}
