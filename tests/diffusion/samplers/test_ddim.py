import math

import pytest
import torch
from diffusers import DDIMScheduler

from lightning_modeinterp.data.gaussian import ExactMixture
from lightning_modeinterp.diffusion.noise_schedules import CosineSchedule, LinearBetaSchedule
from lightning_modeinterp.diffusion.samplers import AncestralSampler, DDIMSampler, followed_by_clean
from lightning_modeinterp.errors import ConfigurationError


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("spacing", [1, 20])
@pytest.mark.parametrize("t", [0, 1, 19, 20, 300, 999])
def test_a_step_equals_diffusers(schedule, as_peer, step_inputs, take_step, eta, spacing, t):
    x_t, eps_hat, noise = step_inputs
    peer = as_peer(DDIMScheduler, set_alpha_to_one=True)
    peer.set_timesteps(1000 // spacing)
    expected = peer.step(eps_hat, t, x_t, eta=eta, variance_noise=noise if eta else None).prev_sample
    actual = take_step(DDIMSampler(eta=eta), schedule, t, t - spacing, x_t, eps_hat, noise)
    torch.testing.assert_close(actual, expected, rtol=1e-6, atol=1e-6)


def every_scale(sampler, levels):
    return vars(sampler.update_scales(levels, followed_by_clean(levels))).values()


@pytest.mark.parametrize("num_steps", [1000, 50])
def test_all_fresh_noise_is_ancestral_sampling_with_the_small_variance(schedule, num_steps):
    ancestral = AncestralSampler(num_steps, variance="fixed_small")
    levels = ancestral.levels(schedule)
    for ours, theirs in zip(
        every_scale(DDIMSampler(num_steps, eta=1.0), levels), every_scale(ancestral, levels), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-12)


def test_no_fresh_noise_draws_the_start_only():
    num_draws = 0

    def draw_noise():
        nonlocal num_draws
        num_draws += 1
        return torch.ones(4, 1)

    DDIMSampler(20).sample(lambda x_t, level: 0 * x_t, LinearBetaSchedule(), draw_noise, {})
    assert num_draws == 1


def test_a_single_gaussian_is_mapped_from_noise_by_its_quantiles():
    """The flow of a Gaussian is the line x_0 = mean + std x_T, once the start holds no signal."""
    x_t = torch.linspace(-3, 3, 61, dtype=torch.float64)[:, None]
    model = ExactMixture((1,), [1.5], 0.8)
    samples, _ = DDIMSampler().sample(model, CosineSchedule(1000), lambda: x_t, {})
    torch.testing.assert_close(samples, 1.5 + 0.8 * x_t, rtol=0, atol=0.01)


@pytest.mark.parametrize("eta", [-0.1, 1.1, math.nan])
def test_refuses_a_share_of_noise_out_of_range(eta):
    with pytest.raises(ConfigurationError, match=r"sampler\.eta: expected a number in \[0, 1\]"):
        DDIMSampler(eta=eta)
