import itertools
import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm

from lightning_modeinterp.data.gaussian import GaussianMixture
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel

MEANS_1D, WEIGHTS = [1.0, 2.0, 4.0], [0.5, 0.2, 0.3]
MEANS_2D = [[0.0, 1.0], [2.0, -1.0], [0.5, 0.5]]
GAMMAS = [-12.0, -4.0, -1.0, 0.0, 2.0, 9.0]


def level_at(gamma, dtype=torch.float64):
    return NoiseLevel(t=torch.tensor([0.5], dtype=dtype), gamma=torch.tensor([gamma], dtype=dtype))


def scales(gamma):
    """alpha and sigma of a variance-preserving level, in plain Python."""
    return math.sqrt(1 / (1 + math.exp(gamma))), math.sqrt(1 / (1 + math.exp(-gamma)))


def noised_parts(gamma, std=0.3):
    """Weights, means and standard deviation of the noised 1D mixture."""
    alpha, sigma = scales(gamma)
    return np.array(WEIGHTS), alpha * np.array(MEANS_1D), math.sqrt(alpha**2 * std**2 + sigma**2)


def integral(function, centres, width):
    """Over the real line, in pieces about the centres, where the mass is."""
    cuts = sorted({*(c - 12 * width for c in centres), *centres, *(c + 12 * width for c in centres)})
    return sum(quad(function, a, b, epsabs=1e-13, epsrel=1e-11)[0] for a, b in itertools.pairwise(cuts))


@pytest.fixture(params=[1, 2])
def mixture(request):
    return GaussianMixture(MEANS_1D if request.param == 1 else MEANS_2D, std=0.3, weights=WEIGHTS)


def points_about(mixture, num_points=40):
    generator = torch.Generator().manual_seed(0)
    return 1.0 + 2 * torch.randn(num_points, mixture.dimension, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("gamma", GAMMAS)
def test_log_density_equals_a_sum_of_scipy_densities(gamma):
    mixture = GaussianMixture(MEANS_1D, std=0.3, weights=WEIGHTS)
    x = points_about(mixture)
    weights, centres, std = noised_parts(gamma)
    expected = (weights * norm.pdf(x.numpy(), centres, std)).sum(1)
    np.testing.assert_allclose(mixture.log_density(x, level_at(gamma)).exp().numpy(), expected, rtol=1e-10)


@pytest.mark.parametrize("gamma", [-math.inf, *GAMMAS])
def test_density_integrates_to_one(gamma):
    mixture = GaussianMixture(MEANS_1D, std=0.3, weights=WEIGHTS)
    level = level_at(gamma)
    centres, width = (MEANS_1D, 0.3) if math.isinf(gamma) else noised_parts(gamma)[1:]

    def density(x):
        return mixture.log_density(torch.tensor([[x]], dtype=torch.float64), level).exp().item()

    assert integral(density, list(centres), width) == pytest.approx(1, abs=1e-9)


def test_the_default_level_is_the_clean_one(mixture):
    x = points_about(mixture)
    assert torch.equal(mixture.log_density(x), mixture.log_density(x, level_at(-math.inf)))
    assert torch.equal(mixture.score(x), mixture.score(x, level_at(-math.inf)))


@pytest.mark.parametrize("gamma", [-math.inf, *GAMMAS])
def test_score_is_the_gradient_of_log_density(mixture, gamma):
    x = points_about(mixture).requires_grad_()
    (gradient,) = torch.autograd.grad(mixture.log_density(x, level_at(gamma)).sum(), x)
    torch.testing.assert_close(mixture.score(x.detach(), level_at(gamma)), gradient, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("gamma", GAMMAS)
def test_posterior_mean_equals_quadrature(gamma):
    mixture = GaussianMixture(MEANS_1D, std=0.3, weights=WEIGHTS)
    alpha, sigma = scales(gamma)
    for x_t in (-0.5, 0.8, 1.45, 3.1):

        def joint(x_0, x_t=x_t):
            return (np.array(WEIGHTS) * norm.pdf(x_0, MEANS_1D, 0.3)).sum() * norm.pdf(x_t, alpha * x_0, sigma)

        # where the posterior has its mass: by the prior where the noise is large, by x_t where it is small
        centres, width = (MEANS_1D, 0.3) if gamma > -3 else ([x_t / alpha], sigma / alpha)
        mass = integral(joint, centres, width)
        expected = integral(lambda x_0, joint=joint: x_0 * joint(x_0), centres, width) / mass
        actual = mixture.posterior_mean(torch.tensor([[x_t]]).double(), level_at(gamma)).item()
        assert actual == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("gamma", GAMMAS)
def test_posterior_mean_obeys_tweedie(mixture, gamma):
    alpha, sigma = scales(gamma)
    x_t = points_about(mixture)
    expected = (x_t + sigma**2 * mixture.score(x_t, level_at(gamma))) / alpha
    torch.testing.assert_close(mixture.posterior_mean(x_t, level_at(gamma)), expected, rtol=1e-9, atol=1e-9)


def test_a_level_of_each_sample_equals_one_at_a_time(mixture):
    gammas = torch.tensor(GAMMAS, dtype=torch.float64)
    x = points_about(mixture, len(GAMMAS))
    together = NoiseLevel(gammas, gammas)
    for method in (mixture.log_density, mixture.score, mixture.posterior_mean):
        alone = torch.cat([method(x[i : i + 1], level_at(gamma)) for i, gamma in enumerate(GAMMAS)])
        torch.testing.assert_close(method(x, together), alone, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("method", ["log_density", "score", "posterior_mean"])
def test_all_is_computed_in_float64_whatever_comes_in(mixture, method):
    x = points_about(mixture).float()
    in_single = getattr(mixture, method)(x, level_at(1.3, torch.float32))
    gamma = torch.tensor([1.3], dtype=torch.float32).double().item()
    assert in_single.dtype == torch.float64
    torch.testing.assert_close(in_single, getattr(mixture, method)(x.double(), level_at(gamma)), rtol=1e-12, atol=1e-12)


def test_equal_weights_deal_the_modes_in_turn():
    for num_modes in (1, 3, 7, 25):
        mixture = GaussianMixture([float(k) for k in range(num_modes)], std=0.1)
        assert torch.equal(mixture.modes_of(1000), torch.arange(1000) % num_modes)


@pytest.mark.parametrize("weights", [[0.5, 0.2, 0.3], [0.98, 0.01, 0.01], [0.7, 0.3, 0.0], [1 / 3, 1 / 6, 1 / 2]])
def test_unequal_weights_are_met_within_one_sample_by_every_prefix(weights):
    modes = GaussianMixture(MEANS_1D, std=0.1, weights=weights).modes_of(700)
    counts = torch.nn.functional.one_hot(modes, 3).cumsum(0).double()
    expected = torch.arange(1, 701).double()[:, None] * torch.tensor(weights, dtype=torch.float64)
    assert (counts - expected).abs().max() <= 1 + 1e-9


def test_a_mode_of_weight_0_is_none():
    mixture = GaussianMixture([1.0, 2.0, 3.0], std=0.1, weights=[0.25, 0.0, 0.75])
    assert mixture.means.tolist() == [[1.0], [3.0]]
    assert mixture.weights.tolist() == [0.25, 0.75]
    assert mixture.num_modes == 2


def test_divided_by_a_number_all_but_the_weights_shrinks():
    mixture = GaussianMixture([1.0, 2.0, 3.0], std=0.1, weights=[0.25, 0.0, 0.75])
    divided = mixture.divided_by(4.0)
    assert (divided.means.tolist(), divided.std, divided.weights.tolist()) == ([[0.25], [0.75]], 0.025, [0.25, 0.75])
    assert mixture.means.tolist() == [[1.0], [3.0]]


@pytest.mark.parametrize("num_samples", [1, 25, 77, 400])
def test_many_rare_modes_are_met_within_one_sample(num_samples):
    """Half the samples from one mode, a hundredth from each of 50 others: 25 samples must not all be of the one."""
    weights = [0.5, *[0.01] * 50]
    modes = GaussianMixture([float(k) for k in range(51)], std=0.1, weights=weights).modes_of(num_samples)
    assert len(modes) == num_samples
    counts = torch.bincount(modes, minlength=51)
    assert (counts - num_samples * torch.tensor(weights)).abs().max() <= 1


def test_samples_have_the_mean_and_spread_of_their_mode(mixture):
    samples = mixture.sample(20_000, torch.Generator().manual_seed(3))
    assert (samples.shape, samples.dtype) == ((20_000, mixture.dimension), torch.float64)
    modes = mixture.modes_of(20_000)
    for k in range(3):
        of_mode = samples[modes == k]
        error = 0.3 / math.sqrt(len(of_mode))
        assert (of_mode.mean(0) - mixture.means[k]).abs().max() < 5 * error
        assert (of_mode.std(0) - 0.3).abs().max() < 5 * error / math.sqrt(2)


def test_sampling_is_a_function_of_the_generator(mixture):
    first, again, other = (mixture.sample(10, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("std", [0.0, -0.1, math.nan, math.inf])
def test_refuses_a_spread_that_is_not_positive(std):
    with pytest.raises(ConfigurationError, match="std: expected a number > 0"):
        GaussianMixture([1.0, 2.0], std=std)


@pytest.mark.parametrize("weights", [[0.5, 0.6, 0.1], [0.5, 0.2, 0.2], [1.2, -0.4, 0.2], [math.nan, 0.5, 0.5]])
def test_refuses_weights_that_are_no_distribution(weights):
    with pytest.raises(ConfigurationError, match="sum to 1"):
        GaussianMixture(MEANS_1D, std=0.1, weights=weights)


def test_refuses_another_number_of_weights():
    with pytest.raises(ConfigurationError, match="one for each of the 3 means"):
        GaussianMixture(MEANS_1D, std=0.1, weights=[0.5, 0.5])


@pytest.mark.parametrize("means", [[], [[]], [[1.0], [1.0, 2.0]], [1.0, [2.0]], [1.0, math.nan], 3.0, [[[1.0]]]])
def test_refuses_means_that_are_no_centres(means):
    with pytest.raises(ConfigurationError, match="means: expected"):
        GaussianMixture(means, std=0.1)
