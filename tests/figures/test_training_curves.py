import math

import pytest

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures import training_curves

RATES = [(0.1, 0.09, 0.11), (0.01, 0.008, 0.012)]


def test_rates_and_windows_are_drawn_over_updates():
    above, below = training_curves([1_000, 2_000], RATES, {"last_5": [0.5, 0.9], "last_10": [0.2, math.nan]}).axes
    assert above.get_yscale() == "log"
    (rate,) = above.lines
    assert list(rate.get_ydata()) == [0.1, 0.01]
    assert [list(line.get_ydata()) for line in below.lines[:2]] == [[0.5, 0.9], [0.2]]


def test_a_rate_of_none_stays_on_the_axis():
    above, _ = training_curves([1_000], [(0.0, 0.0, 0.001)], {"last_5": [0.5]}).axes
    assert above.lines[0].get_ydata()[0] > 0


@pytest.mark.parametrize(
    ("updates", "rates", "removed"),
    [
        ([], [], {"w": []}),
        ([1], RATES, {"w": [0.5]}),
        ([1, 2], RATES, {}),
        ([1], RATES[:1], {str(i): [1] for i in range(7)}),
    ],
)
def test_what_does_not_fit_is_refused(updates, rates, removed):
    with pytest.raises(ConfigurationError, match="expected as many rates"):
        training_curves(updates, rates, removed)
