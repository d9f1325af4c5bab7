import math
from dataclasses import replace

import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.judged_samples import JudgedSamples
from lightning_modeinterp.records import GeneratedBatch, SupportVerdict

KINDS = ("in_support", "ambiguous", "off", "lost")


def batch(kinds, lost=(), start=0):
    """Samples that are their own number."""
    index = torch.arange(start, start + len(kinds))
    verdict = SupportVerdict(torch.tensor(kinds, dtype=torch.int8), index, KINDS, {"twice": 2 * index})
    samples = index[:, None].float()
    samples[list(lost)] = math.inf
    return GeneratedBatch(index, samples, {"variance/w": index.float()}, 2, verdict, {"wide": samples.expand(-1, 3)})


def test_batches_are_joined_and_the_ambiguous_left_out():
    found = JudgedSamples.of([batch([0, 1, 2]), batch([2, 0], start=3)])
    assert (len(found), found.num_hallucinated, found.num_diverged) == (5, 2, 0)
    clear = found.clear()
    assert clear.samples.flatten().tolist() == [0, 2, 3, 4]
    assert clear.hallucinated.tolist() == [False, True, True, False]
    assert clear.variance_of("w").tolist() == [0, 2, 3, 4]
    assert clear.block.tolist() == [0, 1, 1, 2]
    assert clear.verdict.details["twice"].tolist() == [0, 4, 6, 8]
    assert found.windows == ("w",)


def test_of_one_kind():
    found = JudgedSamples.of([batch([0, 1, 2, 3])])
    assert found.of_kind("lost").index.tolist() == [0, 3]
    assert found.is_kind("off").tolist() == [False, False, True, False]
    assert found.is_one_of(["off", "lost"]).tolist() == [False, False, True, True]
    assert found.is_one_of(["off"]).tolist() == found.is_kind("off").tolist()


def test_what_diverged_is_left_out_and_counted():
    found = JudgedSamples.of([batch([0, 2, 2], lost=[1]), batch([2], lost=[0], start=3)])
    assert (found.index.tolist(), found.num_diverged) == ([0, 2], 2)


def test_unjudged_samples_are_refused():
    with pytest.raises(ConfigurationError, match="without a verdict; give the data a support oracle"):
        JudgedSamples.of([replace(batch([0]), verdict=None)])
