import math
from dataclasses import replace

import pytest

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures import EstimateRow, estimates

HOLDS = EstimateRow("a ratio", [0.5, 0.6], 0.55, 0.4, 0.7, "below", 1.0, "holds", is_ratio=True)
NONE = EstimateRow("a share", [0.2, math.nan], math.nan, math.nan, math.nan, "above", 0.95, "undecided")


def test_ratios_and_values_have_axes_of_their_own():
    ratios, values = estimates([NONE, HOLDS], "two").axes
    assert (ratios.get_xscale(), values.get_xscale()) == ("log", "linear")
    assert [label.get_text() for label in ratios.get_yticklabels()] == ["a ratio\nclaimed below 1: holds"]


def test_every_seed_the_interval_and_the_bound_are_drawn():
    (axes,) = estimates([HOLDS], "one").axes
    drawn = [list(line.get_xdata()) for line in axes.lines]
    assert [0.5, 0.6] in drawn
    assert [0.4, 0.7] in drawn
    assert [1.0, 1.0] in drawn


@pytest.mark.parametrize(
    ("low", "expected"), [(0.6, ["0.6", "0.75", "0.9"]), (0.3, ["0.5", "1"]), (0.004, ["0.01", "0.1", "1"])]
)
def test_ratios_are_plain_numbers_that_do_not_touch(low, expected):
    (axes,) = estimates([replace(HOLDS, low=low)], "one").axes
    left, right = axes.get_xlim()
    ticks = zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
    assert [label.get_text() for tick, label in ticks if left <= tick <= right] == expected
    assert not any(label.get_text() for label in axes.get_xticklabels(minor=True))


def test_what_was_not_measured_is_left_out():
    (axes,) = estimates([NONE], "one").axes
    assert [list(line.get_xdata()) for line in axes.lines] == [[0.2], [0.95, 0.95]]


def test_nothing_to_draw_is_refused():
    with pytest.raises(ConfigurationError, match="at least one row"):
        estimates([], "none")
