import math

import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.threshold import PUBLISHED_RETAINED, Threshold

EMPTY = torch.zeros(3, dtype=torch.int64)
VALUES = torch.tensor([1.0, 2.0, 3.0])


@pytest.mark.parametrize(("retained", "expected"), [(0.5, 1.0), (0.51, 2.0), (0.96, 2.0), (0.97, 3.0), (1.0, 3.0)])
def test_of_counts_by_hand(retained, expected):
    threshold = Threshold.of_counts(VALUES, torch.tensor([50, 46, 4]), retained)
    assert (threshold.value, threshold.retained, threshold.num_in_support) == (expected, retained, 100)


@pytest.mark.parametrize("num_samples", [1, 24, 25, 26, 1000])
def test_it_is_the_smallest_that_retains_enough(num_samples):
    scores = torch.rand(2 * num_samples, generator=torch.Generator().manual_seed(0))
    in_support = torch.arange(2 * num_samples) % 2 == 0
    value = Threshold.at_retained(scores, in_support).value
    assert (scores[in_support] <= value).double().mean() >= PUBLISHED_RETAINED
    assert (scores[in_support] < value).double().mean() < PUBLISHED_RETAINED


def test_what_lies_on_it_is_kept_and_what_is_no_number_removed():
    threshold = Threshold(2.0, 0.96, 50)
    assert threshold.flags(torch.tensor([1.0, 2.0, 2.1, math.inf, math.nan])).tolist() == [
        False,
        False,
        True,
        True,
        True,
    ]


@pytest.mark.parametrize("values", [VALUES, VALUES[:0]], ids=["no sample in support", "no sample"])
def test_one_that_nothing_has_set_is_unknown_and_flags_nothing(values):
    threshold = Threshold.of_counts(values, EMPTY[: len(values)])
    assert (threshold.is_known, threshold.num_in_support) == (False, 0)
    assert not threshold.flags(torch.tensor([1e9, math.inf, math.nan])).any()


@pytest.mark.parametrize("retained", [0.0, -0.1, 96])
def test_a_share_out_of_range_is_refused(retained):
    with pytest.raises(ConfigurationError, match="expected `retained` in"):
        Threshold.of_counts(VALUES, EMPTY, retained)


@pytest.mark.parametrize("value", [0.1, math.nan])
def test_it_survives_json(value):
    threshold = Threshold(value, 0.9, 7, "variance/last_10", {"sampler": {"num_steps": 100}})
    again = Threshold.from_json(threshold.to_json())
    assert repr(again) == repr(threshold)  # nan is not equal to itself


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"value": 1, "other": 2}', '{"value": "high"}'])
def test_other_text_is_refused(text):
    with pytest.raises(ConfigurationError, match="expected what `to_json` writes"):
        Threshold.from_json(text)


def test_it_is_refused_on_what_it_was_not_set_on():
    threshold = Threshold(2.0, 0.96, 50, "variance/last_10", {"sampler": {"num_steps": 100}})
    threshold.check({"sampler": {"num_steps": 100}})
    with pytest.raises(ConfigurationError, match=r"sampler\.num_steps: expected 100, got 50; set one on samples"):
        threshold.check({"sampler": {"num_steps": 50}})
