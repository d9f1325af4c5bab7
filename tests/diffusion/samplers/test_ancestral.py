import math

import pytest
import torch
from diffusers import DDPMScheduler

from lightning_modeinterp.data.gaussian import ExactMixture, GaussianMixture, GaussianModes
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule, LinearGammaSchedule
from lightning_modeinterp.diffusion.samplers import AncestralSampler, followed_by_clean
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.keyed_noise import keyed_generator


def draw_noise_of(shape, seed=0):
    generator = keyed_generator(seed, "test", 0)
    return lambda: torch.randn(shape, generator=generator)


@pytest.mark.parametrize("variance", ["fixed_large", "fixed_small"])
@pytest.mark.parametrize("t", [0, 1, 2, 9, 100, 299, 700, 999])
def test_a_step_equals_diffusers(monkeypatch, schedule, as_peer, step_inputs, take_step, variance, t):
    x_t, eps_hat, noise = step_inputs
    monkeypatch.setattr("diffusers.schedulers.scheduling_ddpm.randn_tensor", lambda *_, **__: noise)
    expected = as_peer(DDPMScheduler, variance_type=variance).step(eps_hat, t, x_t).prev_sample
    actual = take_step(AncestralSampler(variance=variance), schedule, t, t - 1, x_t, eps_hat, noise)
    # where the signal is gone x_0_hat is some 1e23 and cancels, so the terms' own size sets the rounding error
    torch.testing.assert_close(actual, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("variance", ["fixed_large", "fixed_small"])
def test_a_float32_step_equals_diffusers_as_it_is(monkeypatch, ends, take_step, step_inputs, schedule, variance):
    x_t, eps_hat, noise = step_inputs.float()
    monkeypatch.setattr("diffusers.schedulers.scheduling_ddpm.randn_tensor", lambda *_, **__: noise)
    peer = DDPMScheduler(1000, beta_start=ends[0], beta_end=ends[1], clip_sample=False, variance_type=variance)
    for t in (0, 1, 9, 100, 299):
        expected = peer.step(eps_hat, t, x_t).prev_sample
        actual = take_step(AncestralSampler(variance=variance), schedule, t, t - 1, x_t, eps_hat, noise)
        torch.testing.assert_close(actual.float(), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("variance", "power"), [("fixed_large", 0), ("fixed_small", 1)])
def test_scales_equal_those_of_ho_et_al(schedule, ends, variance, power):
    levels = schedule.grid()[torch.arange(999, -1, -1)]
    scales = AncestralSampler(variance=variance).update_scales(levels, followed_by_clean(levels))
    beta = torch.linspace(*ends, 1000, dtype=torch.float64)
    alpha_bar = (1 - beta).cumprod(0)
    before = torch.cat([torch.ones(1), alpha_bar[:-1]])
    kept = (1 - before) / (1 - alpha_bar)
    torch.testing.assert_close(scales.x_t.flip(0), (1 - beta).sqrt() * kept, rtol=1e-9, atol=0)
    torch.testing.assert_close(scales.x_0_hat.flip(0), before.sqrt() * beta / (1 - alpha_bar), rtol=1e-9, atol=0)
    torch.testing.assert_close(scales.noise.flip(0)[1:], (beta * kept**power).sqrt()[1:], rtol=1e-9, atol=0)
    assert scales.noise[-1] == 0


@pytest.mark.parametrize("num_steps", [1000, 200])
def test_a_single_gaussian_is_sampled_right(num_steps):
    mean, std, num_samples = 1.5, 0.8, 8192
    model = ExactMixture((1,), [mean], std)
    sampler = AncestralSampler(num_steps)
    schedule = LinearBetaSchedule(1000)
    samples, _ = sampler.sample(model, schedule, draw_noise_of((num_samples, 1)), {})
    # x_0_hat is linear in x_t, so mean and variance of the samples follow from a recursion
    levels = sampler.levels(schedule)
    scales = sampler.update_scales(levels, followed_by_clean(levels))
    expected_mean, expected_variance = 0.0, 1.0
    for alpha, sigma, a, b, c in zip(
        *(v.tolist() for v in (levels.alpha, levels.sigma, scales.x_t, scales.x_0_hat, scales.noise)), strict=True
    ):
        shrink = alpha * std**2 / (alpha**2 * std**2 + sigma**2)
        expected_mean = (a + b * shrink) * expected_mean + b * mean * (1 - shrink * alpha)
        expected_variance = (a + b * shrink) ** 2 * expected_variance + c**2
    error = math.sqrt(expected_variance / num_samples)
    assert samples.double().mean().item() == pytest.approx(expected_mean, abs=4 * error)
    assert samples.double().std().item() == pytest.approx(math.sqrt(expected_variance), abs=4 * error / math.sqrt(2))
    if num_steps == 1000:  # and all steps together hit the data's own moments
        assert expected_mean == pytest.approx(mean, abs=error)
        assert math.sqrt(expected_variance) == pytest.approx(std, rel=0.005)


@pytest.mark.parametrize("num_steps", [100, 1500])
def test_the_small_variance_is_the_sampler_of_variational_diffusion_models(num_steps):
    """z_s = alpha_s / alpha_t (z_t - sigma_t c eps_hat) + sqrt((1 - alpha_s^2) c) eps (Kingma et al. 2021, A.4)."""
    levels = AncestralSampler(num_steps, variance="fixed_small").levels(LinearGammaSchedule(-9.0, 5.0))
    scales = AncestralSampler(variance="fixed_small").update_scales(levels, followed_by_clean(levels))
    z_t, eps_hat, eps = torch.randn(3, num_steps, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    gamma_t, gamma_s = levels.gamma[:-1], levels.gamma[1:]
    alpha_t, alpha_s = 1 / (1 + gamma_t.exp()).sqrt(), 1 / (1 + gamma_s.exp()).sqrt()
    sigma_t, c = (1 - alpha_t.square()).sqrt(), 1 - (gamma_s - gamma_t).exp()
    expected = (
        alpha_s / alpha_t * (z_t[:-1] - sigma_t * c * eps_hat[:-1]) + ((1 - alpha_s.square()) * c).sqrt() * eps[:-1]
    )
    x_0_hat = (z_t[:-1] - sigma_t * eps_hat[:-1]) / alpha_t
    z_s = scales.x_t[:-1] * z_t[:-1] + scales.x_0_hat[:-1] * x_0_hat + scales.noise[:-1] * eps[:-1]
    torch.testing.assert_close(z_s, expected, rtol=1e-8, atol=1e-10)
    assert (scales.x_t[-1], scales.x_0_hat[-1], scales.noise[-1]) == (0, 1, 0)  # the last one is the prediction


def hallucinations_of_the_true_score(num_samples, block_size):
    """How many samples lie beyond 6 sigma on the paper's 1D data and schedule, and the share of each mode."""
    mixture = GaussianMixture([1.0, 2.0, 3.0], std=0.05)
    model, schedule = ExactMixture((1,), [1.0, 2.0, 3.0], 0.05), LinearBetaSchedule(1000, 0.001, 0.2)
    sampler = AncestralSampler()
    draw_noise = draw_noise_of((block_size, 1))
    samples = [sampler.sample(model, schedule, draw_noise, {})[0] for _ in range(num_samples // block_size)]
    verdict = GaussianModes(mixture, radius=6).judge(torch.cat(samples))
    return int(verdict.hallucinated.sum()), verdict.mode.bincount(minlength=3) / num_samples


def test_the_true_score_does_not_hallucinate():
    num_hallucinated, shares = hallucinations_of_the_true_score(4096, 4096)
    assert num_hallucinated == 0
    assert (shares - 1 / 3).abs().max() < 0.04


@pytest.mark.slow
def test_the_true_score_does_not_hallucinate_in_many_samples():
    assert hallucinations_of_the_true_score(100_000, 50_000)[0] == 0


def test_refuses_another_variance():
    with pytest.raises(ConfigurationError, match=r"sampler\.variance: expected fixed_large or fixed_small"):
        AncestralSampler(variance="learned")
