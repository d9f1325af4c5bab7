import math

import pytest

from lightning_modeinterp.reproduction.estimates import Measured
from lightning_modeinterp.reproduction.findings import Finding

NEAR_ONE = [Measured(0.98), Measured(0.981), Measured(0.979)]


@pytest.mark.parametrize(
    ("side", "bound", "verdict"),
    [
        ("above", 0.95, "holds"),
        ("below", 0.95, "fails"),
        ("above", 0.99, "fails"),
        ("below", 0.99, "holds"),
        ("above", 0.98, "undecided"),
        ("below", 0.98, "undecided"),
    ],
)
def test_the_whole_interval_decides(side, bound, verdict):
    assert Finding("q", side, bound, NEAR_ONE).verdict == verdict


def test_one_seed_decides_nothing():
    assert Finding("q", "above", 0.5, NEAR_ONE[:1]).verdict == "undecided"


def test_a_ratio_is_given_as_such():
    logs = [Measured(math.log(2.0)), Measured(math.log(8.0))]
    found = Finding("q", "above", 1.0, logs, is_ratio=True)
    assert found.estimate.mean == pytest.approx(4.0)
    assert found.values == pytest.approx([2.0, 8.0])
    assert found.estimate.low * found.estimate.high == pytest.approx(16.0)  # even about the mean, as logarithms
