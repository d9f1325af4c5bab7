import math

import numpy as np
import pytest
import torch
from scipy import stats

from lightning_modeinterp.reproduction.estimates import Measured, estimate, jackknife_error, log_count, share, slope


def test_the_interval_over_seeds_is_students():
    values = [1.0, 2.0, 4.0, 4.5]
    found = estimate([Measured(value) for value in values])
    low, high = stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))
    assert (found.mean, found.low, found.high) == pytest.approx((np.mean(values), low, high))


def test_seeds_that_agree_by_chance_are_no_surer_than_their_samples():
    found = estimate([Measured(1.0, 0.3), Measured(1.0, 0.4)])
    assert found.high - found.mean == pytest.approx(1.96 * math.sqrt(0.3**2 + 0.4**2) / 2, rel=1e-4)


def test_the_interval_over_seeds_covers_as_often_as_it_says():
    generator = np.random.default_rng(0)
    rounds = 4_000
    values = generator.normal(3.0, 2.0, (rounds, 5))
    found = [estimate([Measured(value) for value in row]) for row in values]
    covered = sum(each.low <= 3.0 <= each.high for each in found) / rounds
    assert abs(covered - 0.95) < 4 * math.sqrt(0.95 * 0.05 / rounds)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, math.nan, 2.0]])
def test_without_two_numbers_there_is_no_interval(values):
    found = estimate([Measured(value) for value in values])
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_none_of_few_is_not_certain():
    assert share(0, 10).value == 0
    assert share(0, 10).error > 0.05
    assert math.isnan(share(0, 0).value)
    assert share(300, 1000).error == pytest.approx(math.sqrt(0.3 * 0.7 / 1000), rel=1e-2)


def test_the_jackknife_of_a_mean_is_its_standard_error():
    x = torch.randn(50, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    error = jackknife_error((x.sum() - x) / 49)
    assert error == pytest.approx(stats.sem(x.numpy()) * math.sqrt(50 / 49))


def test_a_number_that_hangs_on_one_sample_has_no_end_to_its_error():
    assert jackknife_error(torch.tensor([1.0, math.nan])) == math.inf


def test_the_error_of_a_log_count_is_that_of_poisson_counts():
    counts = np.random.default_rng(1).poisson(400.0, 20_000)
    measured = [log_count(int(count), 10_000).value for count in counts]
    assert np.std(measured) == pytest.approx(log_count(400, 10_000).error, rel=0.03)
    assert np.mean(measured) == pytest.approx(math.log(400 / 10_000), abs=0.01)
    assert log_count(0).value == math.log(0.5)


def test_a_difference_adds_errors_in_squares():
    difference = Measured(3.0, 0.3) - Measured(1.0, 0.4)
    assert (difference.value, difference.error) == (2.0, pytest.approx(0.5))


def test_the_slope_is_that_of_least_squares():
    x, y = [0.0, 1.0, 2.0, 4.0], [1.0, 0.5, 3.0, 2.0]
    fitted = stats.linregress(x, y)
    assert slope(x, [Measured(value) for value in y]).value == pytest.approx(fitted.slope)
    # equal errors: sigma / sqrt(sum (x - mean)^2)
    error = 0.2 / math.sqrt(sum((each - 1.75) ** 2 for each in x))
    assert slope(x, [Measured(value, 0.2) for value in y]).error == pytest.approx(error)
