"""Filters that break the contract, each in one way."""

import tempfile

import pytest
import torch

from lightning_modeinterp.filters import (
    AllSamples,
    BelowSavedThreshold,
    BelowThreshold,
    Filter,
    InSupport,
    LowestScore,
    RandomSamples,
)
from lightning_modeinterp.testing import check_filter
from lightning_modeinterp.threshold import Threshold
from tests.subclasses import concrete_subclasses

SCORE = "variance/last_10"


def of_a_file():
    with tempfile.TemporaryDirectory() as folder:
        Threshold(0.01, 0.96, 50, SCORE, {"steps": 50}).save(f"{folder}/threshold.json")
        return BelowSavedThreshold(f"{folder}/threshold.json")


BUILDERS = {
    AllSamples: [AllSamples, lambda: AllSamples(num=350)],
    BelowSavedThreshold: [of_a_file],
    BelowThreshold: [lambda: BelowThreshold(SCORE), lambda: BelowThreshold(SCORE, 0.5, num=100)],
    InSupport: [InSupport],
    LowestScore: [lambda: LowestScore(SCORE, 390)],
    RandomSamples: [lambda: RandomSamples(200), lambda: RandomSamples(200, seed=1)],
}


@pytest.mark.parametrize("subclass", concrete_subclasses(Filter))
def test_contract(subclass):
    for make in BUILDERS[subclass]:  # a KeyError here: add a line to BUILDERS for the new filter
        check_filter(make())


class KeepsSamples(Filter):
    scores = (SCORE,)

    def rule(self, samples):
        everything = [batch.scores[SCORE] for batch in samples]
        return lambda batch: batch.scores[SCORE] < torch.cat(everything).mean()


class LooksAtABatch(Filter):
    scores = (SCORE,)

    def rule(self, samples):
        return lambda batch: batch.scores[SCORE] <= batch.scores[SCORE].median()


class Rolls(Filter):
    def rule(self, samples):
        return lambda batch: torch.rand(len(batch)) < 0.5


class GivesNumbers(Filter):
    scores = (SCORE,)

    def rule(self, samples):
        return lambda batch: batch.scores[SCORE]


class KeepsNothing(Filter):
    def rule(self, samples):
        return lambda batch: torch.zeros(len(batch), dtype=torch.bool)


class NamesNoScore(Filter):
    def rule(self, samples):
        return lambda batch: batch.scores[SCORE] < 0.5


class NamesNoVerdicts(Filter):
    def rule(self, samples):
        return lambda batch: (
            torch.ones(len(batch), dtype=torch.bool) if batch.verdict is None else batch.verdict.in_support
        )


class CountsWhatDiverged(Filter):
    def rule(self, samples):
        return lambda batch: torch.ones(len(batch), dtype=torch.bool)

    def masks(self, store):
        return (torch.ones(len(batch), dtype=torch.bool) for batch in store)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (KeepsSamples, "to hold one batch at a time"),
        (LooksAtABatch, "for any split into batches"),
        (Rolls, "the same samples when it is called again"),
        (GivesNumbers, "a mask for each batch"),
        (KeepsNothing, "some of the given samples to be kept"),
        (NamesNoScore, "to read no score but none, and no verdict"),
        (NamesNoVerdicts, "no verdict, got other samples without; name it in `scores` or `needs_verdicts`"),
        (CountsWhatDiverged, "diverged samples to be dropped"),
    ],
)
def test_refuses_what_breaks_it(chosen, message):
    with pytest.raises(AssertionError, match=f"{chosen.__name__}.*{message}"):
        check_filter(chosen())
