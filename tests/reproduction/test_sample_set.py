import math

import pytest
import torch

from lightning_modeinterp.judged_samples import JudgedSamples
from lightning_modeinterp.records import SupportVerdict, variance_score
from lightning_modeinterp.reproduction.estimates import share
from lightning_modeinterp.reproduction.sample_set import (
    best_window,
    measured_auroc,
    removed,
    sampling_seed,
    threshold_of,
    window_rates,
)


def test_the_best_window_removes_most_and_of_equals_has_the_highest_auroc():
    assert best_window([(0.99, 0.5), (0.8, 0.9), (0.85, 0.9), (0.7, 0.2)]) == 2


def test_rates_by_hand():
    # threshold: the smallest that keeps 96 % of 25 in support is the 24th of them, 24; it removes 2 of 3
    variance = torch.cat([torch.arange(1.0, 26), torch.tensor([10.0, 30.0, 40.0])])
    hallucinated = torch.arange(28) >= 25
    assert threshold_of(variance, hallucinated).value == 24
    assert removed(variance, hallucinated, threshold_of(variance, hallucinated)) == (2, 3)
    ((auroc, share),) = window_rates([variance], hallucinated)
    assert share == 2 / 3
    assert auroc == pytest.approx((9.5 + 25 + 25) / 75)


def test_an_auroc_is_no_surer_than_a_share_of_the_rarer_class():
    hallucinated = torch.arange(28) >= 25
    variance = torch.cat([torch.arange(1.0, 26), torch.tensor([10.0, 30.0, 40.0])])
    kinds = ("in_support", "ambiguous", "off")
    verdict = SupportVerdict(2 * hallucinated.to(torch.int8), torch.zeros(28, dtype=torch.int64), kinds)
    scores = {variance_score("noise"): variance}
    found = measured_auroc(JudgedSamples(variance[:, None], scores, verdict, torch.arange(28), 1), "noise")
    area = (9.5 + 25 + 25) / 75
    assert (found.value, found.error) == pytest.approx((area, math.sqrt(area * (1 - area) / 3)))


def test_a_threshold_that_nothing_has_set_judges_nothing():
    """Else a claim could hold, or fail, on an empty calibration set."""
    scores, hallucinated = torch.ones(3), torch.ones(3, dtype=torch.bool)
    assert removed(scores, hallucinated, threshold_of(scores, hallucinated)) == (0, 0)
    assert math.isnan(share(0, 0).value)


def test_no_two_sets_share_a_seed():
    seeds = [sampling_seed(t, use, p) for t in range(3) for use in ("explore", "calibrate", "final") for p in range(14)]
    assert len(set(seeds)) == len(seeds)
