"""Figures of samples by their shape, for any data."""

from collections.abc import Callable, Iterator

import torch
from matplotlib.figure import Figure
from torch import Tensor

from lightning_modeinterp import figures
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.sample_store.export import is_image

NUM_DATA_POINTS = 5_000
NUM_IMAGES = 40


def figures_by_shape(drawn: GeneratedBatch, true_samples: Callable[[int], Tensor]) -> Iterator[tuple[str, Figure]]:
    """The figure ``samples``, with data beside: 1D, 2D or images. None for other shapes.

    Args:
        drawn: At least one sample; none has diverged.
        true_samples: Returns that many samples of the data, or all if there are fewer, (M, *sample_shape), data units.
    """
    verdict = drawn.verdict
    hallucinated, ambiguous = (verdict.hallucinated, verdict.ambiguous) if verdict else (None, None)
    shape = tuple(drawn.samples.shape[1:])
    if shape == (1,):
        yield "samples", figures.samples_1d(true_samples(NUM_DATA_POINTS), drawn.samples, hallucinated, ambiguous)
    elif shape == (2,):
        plane = figures.PlaneSamples("", true_samples(NUM_DATA_POINTS), drawn.samples, hallucinated, ambiguous)
        yield "samples", figures.samples_2d([plane], max_points=NUM_DATA_POINTS)
    elif is_image(drawn.samples):
        yield "samples", _images(drawn, true_samples(NUM_IMAGES // 2))


def image_group(drawn: GeneratedBatch) -> figures.ImageGroup:
    """Images, the hallucinated ones in a frame with their kind below."""
    verdict = drawn.verdict
    if verdict is None:
        return figures.ImageGroup(drawn.samples)
    kinds = [verdict.kinds[kind] if kind >= 2 else "" for kind in verdict.kind.tolist()]
    return figures.ImageGroup(drawn.samples, verdict.hallucinated, kinds)


def _images(drawn: GeneratedBatch, data: Tensor) -> Figure:
    """Data above the first generated images."""
    groups = {
        "data": figures.ImageGroup(data),
        "generated": image_group(drawn[torch.arange(min(len(drawn), NUM_IMAGES))]),
    }
    bad = drawn.verdict.hallucinated if drawn.verdict else None
    if bad is None:
        return figures.image_grid(groups, figures.not_judged(len(drawn)))
    return figures.image_grid(groups, f"hallucinated {figures.rate_with_interval(int(bad.sum()), len(bad))}")
