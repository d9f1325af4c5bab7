import pytest
import torch

from lightning_modeinterp.records import GeneratedBatch, SupportVerdict
from lightning_modeinterp.reproduction.sample_set import (
    SampleSet,
    best_window,
    removed,
    sampling_seed,
    threshold_of,
    window_rates,
)

KINDS = ("in_support", "ambiguous", "off")


class Store(list):
    """What is read of a store: its batches."""


def batch(kinds, statistics=None):
    size = len(kinds)
    verdict = SupportVerdict(torch.tensor(kinds, dtype=torch.int8), torch.zeros(size).long(), KINDS)
    index = torch.arange(size)
    return GeneratedBatch(index, index[:, None].float(), index[:, None].float(), ("w",), 2, verdict, statistics or {})


def test_stores_are_joined_and_the_ambiguous_left_out():
    found = SampleSet.read(Store([batch([0, 1, 2])]), Store([batch([2, 0])]))
    assert len(found) == 5
    assert found.num_hallucinated == 2
    clear = found.clear()
    assert clear.samples.flatten().tolist() == [0, 2, 0, 1]
    assert clear.hallucinated.tolist() == [False, True, True, False]
    assert clear.variance_of("w").tolist() == [0, 2, 0, 1]


def test_statistics_of_several_numbers_are_no_scores():
    statistics = {"wide": torch.zeros(2, 2), "single": torch.ones(2)}
    assert list(SampleSet.read(Store([batch([0, 2], statistics)])).scores()) == ["w", "single"]


def test_the_best_window_removes_most_and_of_equals_has_the_highest_auroc():
    assert best_window([(0.99, 0.5), (0.8, 0.9), (0.85, 0.9), (0.7, 0.2)]) == 2


def test_rates_by_hand():
    # threshold: the smallest that keeps 96 % of 25 in support is the 24th of them, 24; it removes 2 of 3
    variance = torch.cat([torch.arange(1.0, 26), torch.tensor([10.0, 30.0, 40.0])])[:, None]
    hallucinated = torch.arange(28) >= 25
    assert threshold_of(variance[:, 0], hallucinated) == 24
    assert removed(variance[:, 0], hallucinated, 24) == (2, 3)
    ((auroc, share),) = window_rates(variance, hallucinated)
    assert share == 2 / 3
    assert auroc == pytest.approx((9.5 + 25 + 25) / 75)


def test_no_two_sets_share_a_seed():
    seeds = [sampling_seed(t, use, p) for t in range(3) for use in ("explore", "calibrate", "final") for p in range(14)]
    assert len(set(seeds)) == len(seeds)
