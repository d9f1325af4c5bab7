"""Samples of each shape that a report shows, with made-up verdicts."""

from dataclasses import replace

import pytest
import torch

from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.reports.samples import ShownSamples
from lightning_modeinterp.threshold import Threshold
from tests.conftest import build_generated

SCORE = "variance/last"


def show(batch: GeneratedBatch) -> ShownSamples:
    threshold = Threshold.at_retained(batch.score(SCORE), batch.verdict.in_support if batch.verdict else None)
    return ShownSamples(batch, SCORE, threshold, "made up", "these samples themselves")


def samples_of_shape(shape, judged=True):
    batch = build_generated(200, judged=judged)
    generator = torch.Generator().manual_seed(0)
    samples = batch.samples[:, :1] if shape == (1,) else 255 * torch.rand(200, *shape, generator=generator)
    return replace(batch, samples=batch.samples if shape == (2,) else samples)


@pytest.fixture
def shown():
    def make(shape, judged=True):
        return show(samples_of_shape(shape, judged))

    return make
