import math

import pytest

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics.functional import rate_with_interval, wilson_interval


def test_wilson_interval_is_its_formula():
    share, trials, z = 0.08, 100, 1.959964  # the normal quantile of 95 %
    center, spread = share + z**2 / 200, math.sqrt(share * (1 - share) / trials + z**2 / 40_000)
    ends = [(center + side * z * spread) / (1 + z**2 / trials) for side in (-1, 1)]
    assert wilson_interval(8, 100) == pytest.approx(ends, abs=1e-6)


def test_wilson_interval_of_no_trials_says_nothing():
    assert wilson_interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize("trials", [1, 999])
def test_wilson_interval_is_exact_at_the_ends(trials):
    assert wilson_interval(0, trials)[0] == 0.0
    assert wilson_interval(trials, trials)[1] == 1.0


@pytest.mark.parametrize(("successes", "trials"), [(-1, 3), (4, 3)])
def test_wilson_interval_refuses_impossible_counts(successes, trials):
    with pytest.raises(ConfigurationError, match="successes <= trials"):
        wilson_interval(successes, trials)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95])
def test_wilson_interval_refuses_impossible_confidence(confidence):
    with pytest.raises(ConfigurationError, match=r"confidence in \(0, 1\)"):
        wilson_interval(1, 2, confidence)


def test_rate_with_interval_names_its_ends():
    rates = rate_with_interval("kept", 3, 4)
    assert rates["kept"] == 0.75
    assert (rates["kept_low"], rates["kept_high"]) == wilson_interval(3, 4)
    assert math.isnan(rate_with_interval("kept", 0, 0)["kept"])
