"""What the scripts on hands draw and count."""

import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import hands_detection
import hands_oracle
import hands_sheets

from lightning_modeinterp.data.hands import FingerCount
from lightning_modeinterp.judged_samples import JudgedSamples
from lightning_modeinterp.records import SupportVerdict


@pytest.mark.parametrize("name", hands_oracle.DRAWN)
def test_clean_hands_count_as_what_they_are(name):
    row = hands_oracle.row(FingerCount(), hands_oracle.drawn(64, name, 6, 20), 6, {"hands": name})
    assert row["right"] == row["6"] == 1.0
    assert row["not countable"] == 0.0


def test_shares_add_up_and_uncertain_counts_are_apart():
    fingers = torch.tensor([5, 5, 9, 1, 4], dtype=torch.int16)
    shares = hands_oracle.confusion(fingers, torch.tensor([True, False, True, True, True]))
    assert sum(shares.values()) == pytest.approx(1.0)
    assert (shares["5"], shares["4"], shares["fewer or more"], shares["not countable"]) == (0.2, 0.2, 0.4, 0.2)


def test_a_sheet_has_a_place_for_each_image():
    assert hands_sheets.sheet(torch.zeros(11, 1, 32, 32).byte()).size == (342, 70)


def test_an_interval_lies_about_the_number_of_all_samples():
    values = torch.linspace(0, 1, 200)
    number, low, high = hands_detection.interval(200, lambda rows: float(values[rows].mean()))
    assert number == pytest.approx(0.5)
    assert 0.5 - 0.06 < low < 0.5 < high < 0.5 + 0.06  # two standard errors of the mean are 0.04


def test_area_is_read_as_the_exploration_set_says_and_is_nothing_among_hands_as_large():
    area = torch.tensor([0.205, 0.205, 0.305, 0.305, 0.305])
    bad = torch.tensor([True, False, True, False, False])
    verdict = SupportVerdict(2 * bad.to(torch.int8), torch.zeros(5, dtype=torch.int64), FingerCount().kinds)
    images = JudgedSamples(torch.zeros(5, 1, 32, 32), {"area": area}, verdict, torch.arange(5), 1)
    found = hands_detection.row("area", images, images)
    assert found["auroc"][0] == pytest.approx(3.5 / 6)  # as it is 2.5 / 6
    assert found["matched"][0] == 0.5
    assert found["matched on explore"] == 0.5
