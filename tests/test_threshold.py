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
    with pytest.raises(ConfigurationError, match=r"sampler\.num_steps: expected 100, got 50; set it on samples"):
        threshold.check({"sampler": {"num_steps": 50}})


def test_without_a_verdict_all_samples_set_it():
    threshold = Threshold.at_retained(torch.arange(100.0), retained=0.9, score="s", set_on={"steps": 3})
    assert (threshold.value, threshold.num_in_support, threshold.set_on) == (89.0, 100, {"steps": 3})


SET = Threshold(0.1, 0.96, 50, "variance/late", {"scheduler": {"class": "DDIM", "betas": [0.1] * 500}, "steps": 50})


def test_it_travels_to_the_same_settings_and_no_others(tmp_path):
    for path in (tmp_path / "late.json", str(tmp_path / "late.json")):
        SET.save(path)
        assert Threshold.load(path, dict(SET.set_on)) == SET
    with pytest.raises(ConfigurationError, match=r"threshold of variance/late: .*; steps: expected 50, got 100; set"):
        Threshold.load(path, {**SET.set_on, "steps": 100})
    other = {**SET.set_on, "scheduler": {"class": "DDPM", "betas": [0.2] * 500}}
    with pytest.raises(ConfigurationError, match=r"scheduler.class: expected DDIM, got DDPM") as refused:
        Threshold.load(path, other)
    assert len(str(refused.value)) < 1000


@pytest.mark.parametrize(
    ("threshold", "message"),
    [
        (Threshold(0.1, 0.96, 50, "s"), "expected what it was set on: model, sampler, steps, got none"),
        (Threshold(math.nan, 0.96, 0, "s", {"steps": 3}), "expected samples that set it, got none"),
    ],
)
def test_one_that_would_do_anywhere_or_nothing_is_not_saved(threshold, message, tmp_path):
    with pytest.raises(ConfigurationError, match=message):
        threshold.save(tmp_path / "late.json")
    assert not any(tmp_path.iterdir())


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(ConfigurationError, match=r"expected an existing folder, got .*nowhere; create it"):
        SET.save(tmp_path / "nowhere" / "late.json")


def test_one_that_does_not_say_what_it_was_set_on_is_not_used(tmp_path):
    (tmp_path / "late.json").write_text(Threshold(0.1, 0.96, 50, "s").to_json())
    with pytest.raises(ConfigurationError, match="threshold of s: expected one that says which model"):
        Threshold.load(tmp_path / "late.json", {"steps": 3})


def test_a_file_that_is_not_there_or_says_a_share_out_of_range(tmp_path):
    with pytest.raises(ConfigurationError, match=r"expected a saved threshold, found none at .*nowhere"):
        Threshold.load(tmp_path / "nowhere", {})
    (tmp_path / "late.json").write_text(SET.to_json().replace("0.96", "96"))
    with pytest.raises(ConfigurationError, match=r"expected what `to_json` writes, .*in \(0, 1\], got 96"):
        Threshold.load(tmp_path / "late.json", SET.set_on)
