"""What the scripts on hands draw and count."""

import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import hands_oracle
import hands_sheets

from lightning_modeinterp.data.hands import FingerCount


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
