"""Stores of made up samples on a line."""

import pytest
import torch

from lightning_modeinterp.records import GeneratedBatch, SupportVerdict
from lightning_modeinterp.sample_store import SampleStore, SampleStoreWriter

KINDS = ("in_support", "ambiguous", "off")
BLOCK = 8


def made_up(number=100, judged=True, seed=0):
    """Batches of a block each: every fifth sample is off the modes with a higher score, every eleventh diverges."""
    batches = []
    for start in range(0, number, BLOCK):
        index = torch.arange(start, min(start + BLOCK, number))
        generator = torch.Generator().manual_seed(1000 * seed + start)
        kind = torch.where(index % 5 == 0, 2, (index % 7 == 0).long()).to(torch.int8)
        scores = torch.rand(len(index), generator=generator) + (kind == 2)
        verdict = SupportVerdict(kind, index % 3, KINDS) if judged else None
        diverged = index % 11 == 10
        samples = index[:, None].float().where(~diverged[:, None], torch.inf)
        batches.append(
            GeneratedBatch(index, samples, {"variance/w": scores, "signed": -scores}, BLOCK, verdict, {}, diverged)
        )
    return batches


def write(path, batches):
    writer = SampleStoreWriter(path, {"seed": 0}, sum(map(len, batches)), BLOCK, shard_bytes=1000)
    writer.prepare()
    for batch in batches:
        writer.add(batch)
    writer.flush()
    assert writer.finish() == 0
    return SampleStore.open(path)


@pytest.fixture
def store(tmp_path):
    return write(tmp_path / "run/predictions", made_up())
