import math
import re

import pytest

from lightning_modeinterp.reports.chart import LEFT, RIGHT, WIDTH, Axis, Chart, Line, Point

UNIT = Axis("x", 0.0, 1.0)


@pytest.mark.parametrize(
    ("low", "high", "is_log"),
    [
        (0.0, 1.0, False),
        (-3.2, 17.0, False),
        (2_500, 5_000, False),
        (1e-5, 0.3, True),
        (0.05, 0.24, True),
        (2, 1e9, True),
    ],
)
def test_ticks_are_few_round_and_within(low, high, is_log):
    axis = Axis("x", low, high, is_log)
    assert 2 <= len(axis.ticks) <= 10
    assert all(low <= tick <= high for tick in axis.ticks)
    assert all(re.fullmatch(r"-?[\d,]*\.?\d*(e-?\d+)?", label) and len(label) <= 7 for _, label in axis.labels)


def test_what_is_no_number_lies_at_the_suspicious_end():
    assert UNIT.share(math.nan) == UNIT.share(math.inf) == UNIT.share(2.0) == 1.0
    assert UNIT.share(-1.0) == 0.0


@pytest.mark.parametrize("values", [[], [math.nan], [0.25, 0.25], [0.0]])
@pytest.mark.parametrize("is_log", [False, True])
def test_an_axis_of_hardly_any_numbers_has_a_length(values, is_log):
    axis = Axis.around("x", values, is_log)
    assert axis.low < axis.high


def test_a_line_breaks_where_there_is_no_number():
    chart = Chart("t", "c", UNIT, UNIT)
    assert chart.path([(0.0, 0.0), (0.5, math.nan), (1.0, 1.0)]).count("M") == 2


def test_ends_of_the_axis_are_ends_of_the_box():
    chart = Chart("t", "c", UNIT, UNIT)
    assert (float(chart.px(0.0)), float(chart.px(1.0))) == (LEFT, WIDTH - RIGHT)
    assert float(chart.py(0.0)) == chart.bottom > float(chart.py(1.0)) == chart.top


def test_a_band_goes_there_and_back():
    points = [Point(x, 0.5, "", "good") for x in (0.0, 1.0)]
    line = Line("l", points, "good", [(0.0, 1.0), (0.0, 1.0)])
    chart = Chart("t", "c", UNIT, UNIT, [line])
    corners = re.findall(r"[\d.]+,[\d.]+", chart.band(line))
    assert corners == [f"{chart.px(x)},{chart.py(y)}" for x, y in ((0.0, 1.0), (1.0, 1.0), (1.0, 0.0), (0.0, 0.0))]
