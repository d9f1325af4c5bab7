"""Samples of each generation side by side: 2D points or images."""

from pathlib import Path

import torch
from matplotlib.figure import Figure

from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.figures import ImageGroup, PlaneSamples, image_grid, samples_2d, save_figure
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.recursion.recursion import Generation, Recursion
from lightning_modeinterp.runs import CachedRuns, Draw

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
        figure = _picture(arm, recursion.chain(arm, recursion.seeds[0]), runs)
        if figure is not None:
            written.append(save_figure(figure, folder / f"samples_{arm}.png"))
    return written


def _picture(arm: str, chain: list[Generation], runs: CachedRuns) -> Figure | None:
    first = chain[0].keep
    data = runs.data(first.draw) if first else None
    if data is None or not (_is_plane(data) or _is_image(data)):
        return None
    number = NUM_POINTS if _is_plane(data) else NUM_IMAGES
    drawn = {each.number: _first_samples(each, runs, number) for each in chain}
    batches = {each: batch for each, batch in drawn.items() if len(batch)}  # of the last one all may have diverged
    if _is_plane(data):
        return samples_2d([_plane(f"{arm}, generation {each}", data, batch) for each, batch in batches.items()])
    groups = {f"generation {each}": _images(batch) for each, batch in batches.items()}
    true = data.to_data_units(data.served("train")[torch.arange(NUM_IMAGES)])
    return image_grid({"data": ImageGroup(true), **groups}, f"{arm}: samples before the filter, hallucinations framed")


def _first_samples(generation: Generation, runs: CachedRuns, number: int) -> GeneratedBatch:
    """The first samples of a generation; of the last one, which has no filter, they are drawn now."""
    fit = generation.fit
    draw = generation.keep.draw if generation.keep else Draw(fit.name, fit, (f"--generation.num_samples={number}",))
    return next(iter(runs.samples(draw))).sound()[:number]


def _plane(name: str, data: ModeInterpDataModule, batch: GeneratedBatch) -> PlaneSamples:
    dataset = data.served("train")
    true = data.to_data_units(dataset[torch.arange(min(len(dataset), NUM_POINTS))])
    if batch.verdict is None:
        return PlaneSamples(name, true, batch.samples, torch.zeros(len(batch), dtype=torch.bool))
    bad, good = batch.verdict.hallucinated, batch.verdict.in_support
    return PlaneSamples(name, true, batch.samples, bad, ~(bad | good))


def _images(batch: GeneratedBatch) -> ImageGroup:
    flagged = None if batch.verdict is None else batch.verdict.hallucinated
    return ImageGroup(batch.samples, flagged)


def _is_plane(data: ModeInterpDataModule) -> bool:
    return data.sample_shape == (2,)


def _is_image(data: ModeInterpDataModule) -> bool:
    return len(data.sample_shape) == 3 and data.sample_shape[0] in (1, 3)
