"""Samples of each generation side by side: 2D points or images."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import torch
from matplotlib.figure import Figure

from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.figures import ImageGroup, PlaneSamples, image_grid, samples_2d, save_figure
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.recursion.recursion import Generation, Recursion
from lightning_modeinterp.runs import CachedRuns

NUM_POINTS, NUM_IMAGES = 5_000, 10


def write_pictures(recursion: Recursion, runs: CachedRuns, folder: Path) -> list[Path]:
    """Draw ``samples_<arm>.png`` for each arm, from the first seed; only for 2D points and images.

    Args:
        recursion: The recursion.
        runs: Its runs.
        folder: Output folder.

    Returns:
        The files.
    """
    written = []
    for arm in recursion.arms:
        chain = [each for each in recursion.chain(arm, recursion.seeds[0]) if each.keep is not None]
        figure = _picture(arm, chain, runs)
        if figure is not None:
            written.append(save_figure(figure, folder / f"samples_{arm}.png"))
    return written


def _picture(arm: str, chain: list[Generation], runs: CachedRuns) -> Figure | None:
    first = chain[0].keep
    data = runs.data(first.draw) if first else None
    if data is None or not (data.sample_shape == (2,) or _is_image(data)):
        return None
    batches = dict(_first_samples(chain, runs))
    if data.sample_shape == (2,):
        return samples_2d([_plane(f"{arm}, generation {number}", data, each) for number, each in batches.items()])
    groups = {f"generation {number}": _images(each) for number, each in batches.items()}
    true = data.to_data_units(data.served("train")[torch.arange(NUM_IMAGES)])
    return image_grid({"data": ImageGroup(true), **groups}, f"{arm}: samples before the filter, hallucinations framed")


def _first_samples(chain: list[Generation], runs: CachedRuns) -> Iterator[tuple[int, GeneratedBatch]]:
    for generation in chain:
        if generation.keep is not None:
            yield generation.number, next(islice(runs.samples(generation.keep.draw), 1)).sound()[:NUM_POINTS]


def _plane(name: str, data: ModeInterpDataModule, batch: GeneratedBatch) -> PlaneSamples:
    dataset = data.served("train")
    true = data.to_data_units(dataset[torch.arange(min(len(dataset), NUM_POINTS))])
    if batch.verdict is None:
        return PlaneSamples(name, true, batch.samples, torch.zeros(len(batch), dtype=torch.bool))
    bad, good = batch.verdict.hallucinated, batch.verdict.in_support
    return PlaneSamples(name, true, batch.samples, bad, ~(bad | good))


def _images(batch: GeneratedBatch) -> ImageGroup:
    flagged = None if batch.verdict is None else batch.verdict.hallucinated[:NUM_IMAGES]
    return ImageGroup(batch.samples[:NUM_IMAGES], flagged)


def _is_image(data: ModeInterpDataModule) -> bool:
    return len(data.sample_shape) == 3 and data.sample_shape[0] in (1, 3)
