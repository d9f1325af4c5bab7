import math

import pytest
import torch

from lightning_modeinterp.data.gaussian import GaussianMixture
from lightning_modeinterp.diffusion.parameterization import (
    eps_from,
    eps_from_x_0,
    expand,
    noised,
    score_from_x_0,
    target,
    x_0_from,
)
from lightning_modeinterp.records import NoiseLevel

PREDICTIONS = ["eps", "x_0", "v"]
GAMMAS = torch.tensor([-9.0, -2.0, 0.0, 1.5, 6.0], dtype=torch.float64)
SHAPES = [(5, 2), (5, 1, 4, 4)]


def make_batch(shape):
    generator = torch.Generator().manual_seed(0)
    x_0, eps = torch.randn(2, *shape, generator=generator, dtype=torch.float64)
    return x_0, eps, NoiseLevel(t=GAMMAS, gamma=GAMMAS)


@pytest.mark.parametrize("shape", SHAPES)
def test_noising_and_targets_follow_their_formulas(shape):
    x_0, eps, level = make_batch(shape)
    x_t, v = noised(x_0, eps, level), target(x_0, eps, level, "v")
    for i, gamma in enumerate(GAMMAS.tolist()):
        alpha, sigma = math.sqrt(1 / (1 + math.exp(gamma))), math.sqrt(1 / (1 + math.exp(-gamma)))
        torch.testing.assert_close(x_t[i], alpha * x_0[i] + sigma * eps[i])
        torch.testing.assert_close(v[i], alpha * eps[i] - sigma * x_0[i])
    assert torch.equal(target(x_0, eps, level, "eps"), eps)
    assert torch.equal(target(x_0, eps, level, "x_0"), x_0)


@pytest.mark.parametrize("prediction", PREDICTIONS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_perfect_network_gives_back_the_clean_sample_and_the_noise(prediction, shape):
    x_0, eps, level = make_batch(shape)
    x_t = noised(x_0, eps, level)
    x_0_hat = x_0_from(target(x_0, eps, level, prediction), x_t, level, prediction)
    torch.testing.assert_close(x_0_hat, x_0, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(eps_from_x_0(x_0_hat, x_t, level), eps, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("prediction", ["eps", "v"])
@pytest.mark.parametrize("gamma", [-20.0, -13.0, 0.0, 13.0])
def test_the_noise_is_exact_to_single_precision_at_any_level(prediction, gamma):
    """But for ``x_0``, whose rounding counts 1 / sigma times."""
    x_0, eps = torch.randn(2, 10_000, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    level = NoiseLevel(torch.zeros(1), torch.tensor([gamma]))
    exact = level.to(dtype=torch.float64)
    x_t, output = noised(x_0, eps, exact).float(), target(x_0, eps, exact, prediction).float()
    assert (eps_from(output, x_t, level, prediction) - eps).abs().max() < 1e-6


@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_one_level_for_all_equals_the_same_level_for_each(prediction):
    output, x_t, _ = make_batch((5, 3))
    one = NoiseLevel(GAMMAS[3:4], GAMMAS[3:4])
    each = NoiseLevel(one.t.repeat(5), one.gamma.repeat(5))
    assert torch.equal(x_0_from(output, x_t, one, prediction), x_0_from(output, x_t, each, prediction))


def test_the_score_of_an_exact_prediction_is_the_score():
    mixture = GaussianMixture([1.0, 2.0, 3.0], std=0.05)
    for gamma in GAMMAS:
        level = NoiseLevel(gamma[None], gamma[None])
        x_t = torch.linspace(-1, 4, 50, dtype=torch.float64)[:, None]
        score = score_from_x_0(mixture.posterior_mean(x_t, level), x_t, level)
        torch.testing.assert_close(score, mixture.score(x_t, level), rtol=1e-8, atol=1e-8)


def test_expand_appends_axes():
    assert expand(torch.zeros(5), torch.zeros(5, 1, 4, 4)).shape == (5, 1, 1, 1)
    assert expand(torch.zeros(1), torch.zeros(5, 2)).shape == (1, 1)
