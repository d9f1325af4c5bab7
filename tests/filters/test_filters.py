"""Each filter against what sorting or looking at all samples at once would keep."""

import math

import numpy as np
import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.filters import AllSamples, BelowThreshold, InSupport, LowestScore, RandomSamples
from lightning_modeinterp.filters.nth_lowest import nth_lowest
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.threshold import Threshold

from .conftest import made_up, write

SCORE = "variance/w"


def kept(chosen, batches):
    """Numbers of the samples that it keeps."""
    masks = list(chosen.masks(batches))
    return torch.cat([batch.index[mask] for batch, mask in zip(batches, masks, strict=True)]).tolist()


def sound(batches):
    return GeneratedBatch.joined(batches).sound()


def test_all_but_those_that_diverged():
    assert kept(AllSamples(), made_up(30)) == [i for i in range(30) if i % 11 != 10]
    assert kept(AllSamples(num=12), made_up(30)) == [*range(10), 11, 12]


@pytest.mark.parametrize("score", [SCORE, "signed"])
@pytest.mark.parametrize("num", [1, 40, 91])
def test_the_lowest_are_those_of_a_sort(score, num):
    batches = made_up()
    all_sound = sound(batches)
    order = np.argsort(all_sound.scores[score].numpy(), kind="stable")[:num]
    assert kept(LowestScore(score, num), batches) == sorted(all_sound.index[order].tolist())


def test_of_equal_scores_the_first_come_first_and_nan_is_last():
    batches = made_up(24)
    for batch in batches:
        batch.scores[SCORE][:] = 0.5
    batches[0].scores[SCORE][:3] = torch.nan
    batches[2].scores[SCORE][-1] = -0.0
    batches[2].scores[SCORE][-2] = 0.0
    assert kept(LowestScore(SCORE, 3), batches) == [3, 22, 23]
    assert kept(LowestScore(SCORE, 21), batches) == [i for i in range(24) if i not in (2, 10, 21)]


@pytest.mark.parametrize("spread", ["normal", "tied", "extreme"])
@pytest.mark.parametrize("number", [1, 500, 1_000])
def test_the_nth_lowest_is_that_of_a_sort(spread, number):
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(1_000, generator=generator)
    if spread == "tied":
        values = values.round()
    if spread == "extreme":
        values = values * 10.0 ** torch.randint(-38, 38, (1_000,), generator=generator)
    batches = [
        GeneratedBatch(torch.arange(i, i + 100), torch.zeros(100, 1), {"s": values[i : i + 100]}, 100)
        for i in range(0, 1_000, 100)
    ]
    place = nth_lowest(batches, lambda batch: batch.score("s"), number)
    order = np.argsort(values.numpy(), kind="stable")
    assert place.score == values[order[number - 1]].item()
    assert place.holds(values, torch.arange(1_000)).nonzero().flatten().tolist() == sorted(order[:number].tolist())
    assert nth_lowest(batches, lambda batch: batch.score("s"), 1_001) is None


def test_chance_depends_on_seed_and_number_alone(tmp_path):
    batches = made_up()
    first = kept(RandomSamples(40), batches)
    assert len(first) == 40
    assert not any(i % 11 == 10 for i in first)
    store = write(tmp_path / "store", batches)  # cut into shards
    assert torch.cat([b.index[m] for b, m in zip(store, RandomSamples(40).masks(store), strict=True)]).tolist() == first
    assert kept(RandomSamples(40, seed=1), batches) != first


def test_chance_is_even():
    """300 choices of 20 among 91: each sample is kept 65.9 times, with a standard deviation of 7.2."""
    batches, counts = made_up(), np.zeros(100)
    for seed in range(300):
        counts[kept(RandomSamples(20, seed), batches)] += 1
    there = counts[[i for i in range(100) if i % 11 != 10]]
    expected = 300 * 20 / 91
    chi_square = ((there - expected) ** 2).sum() / (expected * (1 - 20 / 91))
    assert 50 < chi_square < 140  # 90 degrees of freedom: three deviations


def test_the_oracle_keeps_what_is_in_support():
    batches = made_up(50)
    all_sound = sound(batches)
    expected = all_sound.index[all_sound.verdict.in_support].tolist()
    assert kept(InSupport(), batches) == expected
    assert kept(InSupport(num=7), batches) == expected[:7]


@pytest.mark.parametrize("retained", [0.07, 0.5, 0.96, 1.0])
def test_below_the_threshold_of_its_own_samples(retained):
    batches = made_up()
    all_sound = sound(batches)
    threshold = Threshold.at_retained(all_sound.scores[SCORE], all_sound.verdict.in_support, retained)
    chosen = BelowThreshold(SCORE, retained)
    assert chosen.threshold(batches) == Threshold(threshold.value, retained, threshold.num_in_support, SCORE)
    assert kept(chosen, batches) == all_sound.index[~threshold.flags(all_sound.scores[SCORE])].tolist()


def test_a_threshold_that_another_store_sets_stays(store):
    later = made_up(60, seed=1, judged=False)
    threshold = BelowThreshold(SCORE).threshold(store)
    chosen = BelowThreshold(SCORE, set_on=str(store.path))
    assert kept(chosen, later) == [
        i
        for i, score in zip(sound(later).index.tolist(), sound(later).scores[SCORE].tolist(), strict=True)
        if score <= threshold.value
    ]


@pytest.mark.parametrize(
    ("chosen", "judged", "message"),
    [
        (AllSamples(num=92), True, "expected at most the 91 samples that the filter keeps, got 92; draw more"),
        (LowestScore(SCORE, 92), True, "expected at most the 91 samples"),
        (RandomSamples(92), True, "expected at most the 91 samples"),
        (InSupport(), False, "expected samples that an oracle has judged"),
        (BelowThreshold(SCORE), False, "expected samples that an oracle has judged"),
        (LowestScore("ink", 5), True, "expected one of variance/w, signed, got ink"),
    ],
)
def test_what_cannot_be_kept_is_refused(chosen, judged, message):
    with pytest.raises(ConfigurationError, match=message):
        kept(chosen, made_up(judged=judged))


def test_a_threshold_of_nothing_in_support_is_refused():
    batches = made_up(8)
    batches[0].verdict.kind[:] = 2
    with pytest.raises(ConfigurationError, match="expected samples in support to set the threshold, got none"):
        kept(BelowThreshold(SCORE), batches)


@pytest.mark.parametrize(
    "make", [lambda: AllSamples(num=0), lambda: LowestScore(SCORE, 0), lambda: BelowThreshold(SCORE, 2)]
)
def test_impossible_numbers_are_refused(make):
    with pytest.raises(ConfigurationError, match="expected"):
        make()


def test_scores_of_infinity_are_kept_last():
    batches = made_up(16)
    batches[0].scores[SCORE][0] = math.inf
    assert 0 not in kept(LowestScore(SCORE, 14), batches)
    assert 0 in kept(LowestScore(SCORE, 15), batches)
