import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from lightning_modeinterp.diffusion.variational_bound import (
    bits_per_dimension,
    continuous_diffusion_loss,
    descend_square,
    discrete_diffusion_loss,
    prior_loss,
)


def draws(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(("gamma_s", "gamma_t"), [(-12.0, -11.9), (-3.0, 0.0), (2.0, 5.0)])
def test_a_discrete_step_is_the_divergence_of_its_two_posteriors(gamma_s, gamma_t):
    """KL(q(z_s | z_t, x_0) || q(z_s | z_t, x_0_hat)), from the product of the Gaussians q(z_t | z_s) q(z_s | x_0)."""
    x_0, eps, eps_hat = draws(3, 6, 2)
    alpha_s, alpha_t = (math.sqrt(1 / (1 + math.exp(gamma))) for gamma in (gamma_s, gamma_t))
    var_s, var_t = 1 - alpha_s**2, 1 - alpha_t**2
    ratio = alpha_t / alpha_s
    added = var_t - ratio**2 * var_s
    z_t = alpha_t * x_0 + math.sqrt(var_t) * eps
    x_0_hat = (z_t - math.sqrt(var_t) * eps_hat) / alpha_t

    def posterior(x):
        precision = 1 / var_s + ratio**2 / added
        return Normal((alpha_s * x / var_s + ratio * z_t / added) / precision, precision**-0.5)

    expected = 10 * kl_divergence(posterior(x_0), posterior(x_0_hat)).sum(1)
    step = torch.full((6,), gamma_t - gamma_s, dtype=torch.float64)
    torch.testing.assert_close(discrete_diffusion_loss(eps_hat, eps, step, 10), expected, rtol=1e-6, atol=0)


def test_many_steps_approach_continuous_time_from_above():
    eps, eps_hat = draws(2, 6, 2)
    slope = torch.linspace(1, 20, 6, dtype=torch.float64)
    limit = continuous_diffusion_loss(eps_hat, eps, slope)
    expected = 0.5 * slope * (eps - eps_hat).square().sum(1)
    torch.testing.assert_close(limit, expected)
    losses = [discrete_diffusion_loss(eps_hat, eps, slope / num_steps, num_steps) for num_steps in (1, 10, 10**9)]
    assert (losses[0] > losses[1]).all()
    assert (losses[1] > limit).all()
    torch.testing.assert_close(losses[2], limit, rtol=1e-7, atol=0)


@pytest.mark.parametrize("gamma_1", [-5.0, 0.0, 5.0, 20.0])
def test_the_prior_is_the_divergence_from_the_unit_normal(gamma_1):
    x_0, gamma = draws(7, 2, 3), torch.tensor([gamma_1], dtype=torch.float64)
    alpha, sigma = torch.sigmoid(-gamma).sqrt(), torch.sigmoid(gamma).sqrt()
    unit = Normal(torch.zeros(7, 6, dtype=torch.float64), 1.0)
    expected = kl_divergence(Normal(alpha * x_0.flatten(1), sigma), unit).sum(1)
    torch.testing.assert_close(prior_loss(x_0, gamma), expected, rtol=1e-6, atol=1e-15)
    torch.testing.assert_close(prior_loss(x_0.float(), gamma.float()).double(), expected, rtol=1e-4, atol=1e-7)


def test_bits_are_nats_over_dimensions_and_log_two():
    torch.testing.assert_close(bits_per_dimension(torch.tensor([6.0]), (3, 2)), torch.tensor([1 / math.log(2)]))


def test_descending_the_square_is_the_gradient_of_its_mean():
    rows, w, v = draws(9), torch.tensor(1.3, requires_grad=True), torch.tensor(0.7, requires_grad=True)

    def loss(inner):
        return inner.square() + v * inner + 1

    inner = w * rows
    per_sample = loss(inner)
    descend_square([inner], per_sample)
    per_sample.mean().backward()
    (expected,) = torch.autograd.grad(loss(w * rows).square().mean(), w)
    (others,) = torch.autograd.grad(loss(w * rows).mean(), v)
    torch.testing.assert_close(w.grad, expected)
    torch.testing.assert_close(v.grad, others)


def test_what_needs_no_gradient_is_left_alone():
    descend_square([torch.ones(3)], torch.ones(3))
