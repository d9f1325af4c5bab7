import math

import pytest
import torch
from scipy.linalg import sqrtm

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics.functional import feature_distance, frechet_distance, frechet_interval


def draws(number, size=5, seed=0, shift=0.0, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    mix = torch.randn(size, size, generator=torch.Generator().manual_seed(99), dtype=torch.float64)
    return torch.randn(number, size, generator=generator, dtype=torch.float64) @ mix * scale + shift


def test_against_scipy():
    first, second = draws(400), draws(300, seed=1, shift=0.7, scale=1.3)
    means, covariances = (first.mean(0), second.mean(0)), (first.T.cov(), second.T.cov())
    root = sqrtm((covariances[0] @ covariances[1]).numpy()).real
    expected = (means[0] - means[1]).square().sum() + covariances[0].trace() + covariances[1].trace() - 2 * root.trace()
    assert feature_distance(first, second) == pytest.approx(float(expected), rel=1e-9)
    assert feature_distance(second, first) == pytest.approx(float(expected), rel=1e-9)


def test_fewer_samples_than_features():
    first, second = draws(4, size=8), draws(4, size=8, seed=1)
    assert 0 < feature_distance(first, second) < math.inf
    assert feature_distance(first, first) == pytest.approx(0, abs=1e-6)


def test_one_feature():
    first, second = torch.randn(500, 1).double(), torch.randn(500, 1).double() * 3 + 1
    expected = (first.mean() - second.mean()) ** 2 + (first.std() - second.std()) ** 2
    assert feature_distance(first, second) == pytest.approx(float(expected), rel=1e-9)


def test_nothing_to_measure():
    assert math.isnan(feature_distance(draws(1), draws(9)))
    assert math.isnan(feature_distance(draws(9).fill_(float("nan")), draws(9)))


def test_shapes_that_do_not_fit():
    with pytest.raises(ConfigurationError, match="expected means"):
        frechet_distance(torch.zeros(2), torch.eye(2), torch.zeros(3), torch.eye(3))


def test_the_interval_is_as_wide_as_the_spread_of_fresh_draws():
    distances = [feature_distance(draws(300, seed=2 * i), draws(300, seed=2 * i + 1, shift=0.5)) for i in range(200)]
    spread = float(torch.tensor(distances).std())
    low, high = frechet_interval(draws(300), draws(300, seed=1, shift=0.5), num_replicates=200)
    assert (high - low) / (2 * 1.96) == pytest.approx(spread, rel=0.3)
    assert low < feature_distance(draws(300), draws(300, seed=1, shift=0.5)) < high


def test_the_interval_needs_replicates():
    with pytest.raises(ConfigurationError, match="at least 2 bootstrap replicates"):
        frechet_interval(draws(9), draws(9), num_replicates=1)
