import math

import numpy as np
import pytest
import torch
from diffusers import DDPMScheduler

from lightning_modeinterp.diffusion.noise_schedules import BetaSchedule, CosineSchedule, LinearBetaSchedule
from lightning_modeinterp.errors import ConfigurationError

ENDS = [(0.001, 0.2), (1e-4, 0.02)]
PAPER = {"num_steps": 1000, "beta_start": 0.001, "beta_end": 0.2}


def alpha_bar_of(betas):
    return np.cumprod(1 - np.asarray(betas, dtype=np.float64))


def cosine_betas(num_steps):
    def alpha_bar(u):
        return math.cos((u + 0.008) / 1.008 * math.pi / 2) ** 2

    return [min(1 - alpha_bar((i + 1) / num_steps) / alpha_bar(i / num_steps), 0.999) for i in range(num_steps)]


@pytest.mark.parametrize(("start", "end"), ENDS)
def test_linear_equals_the_product_of_its_betas(start, end):
    expected = alpha_bar_of(np.linspace(start, end, 1000))
    grid = LinearBetaSchedule(1000, start, end).grid()
    np.testing.assert_allclose(grid.alpha.square().numpy(), expected, rtol=1e-10)
    np.testing.assert_allclose(grid.sigma.square().numpy(), 1 - expected, rtol=1e-10)


@pytest.mark.parametrize("num_steps", [10, 1000])
def test_cosine_equals_the_product_of_its_betas(num_steps):
    expected = alpha_bar_of(cosine_betas(num_steps))
    grid = CosineSchedule(num_steps).grid()
    np.testing.assert_allclose(grid.alpha.square().numpy(), expected, rtol=1e-9)
    np.testing.assert_allclose(grid.sigma.square().numpy(), 1 - expected, rtol=1e-9)


@pytest.mark.parametrize(("start", "end"), ENDS)
def test_linear_equals_diffusers(start, end):
    peer = DDPMScheduler(1000, beta_start=start, beta_end=end, beta_schedule="linear").alphas_cumprod
    # the peer accumulates in float32, and its last values lie among the denormal numbers
    torch.testing.assert_close(
        LinearBetaSchedule(1000, start, end).grid().alpha.square().float(), peer, rtol=2e-4, atol=1e-40
    )


def test_cosine_equals_diffusers():
    peer = DDPMScheduler(1000, beta_schedule="squaredcos_cap_v2").alphas_cumprod
    torch.testing.assert_close(CosineSchedule(1000).grid().alpha.square().float(), peer, rtol=2e-4, atol=0)


def test_gamma_is_exact_on_the_grid_and_linear_between():
    betas = np.array([0.1, 0.2, 0.4, 0.6])
    alpha_bar = alpha_bar_of(betas)
    gamma = np.log((1 - alpha_bar) / alpha_bar)
    schedule = BetaSchedule(torch.from_numpy(betas))
    np.testing.assert_allclose(schedule.gamma(torch.arange(4, dtype=torch.float64) / 3), gamma, rtol=1e-13)
    quarters = schedule.gamma((torch.arange(3, dtype=torch.float64) + 0.25) / 3)
    np.testing.assert_allclose(quarters, 0.75 * gamma[:-1] + 0.25 * gamma[1:], rtol=1e-13)


def test_where_the_signal_is_lost_on_the_papers_schedule():
    assert LinearBetaSchedule(**PAPER).grid()[299].alpha.square() == pytest.approx(8e-5, rel=0.05)


def test_the_papers_last_ten_steps_span_these_noise_levels():
    sigma = LinearBetaSchedule(**PAPER).grid().sigma
    assert sigma[9].item() == pytest.approx(0.137, abs=5e-4)
    assert sigma[0].item() == pytest.approx(0.032, abs=5e-4)


def test_the_noisiest_alpha_does_not_underflow_in_float32():
    level = LinearBetaSchedule(**PAPER).level(torch.ones(1))
    expected = math.exp(np.log1p(-np.linspace(0.001, 0.2, 1000)).sum() / 2)
    assert expected**2 < 1e-45  # so its square is no float32
    assert level.alpha.dtype == torch.float32
    assert level.alpha.item() == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("start", "end"), [(0.0, 0.02), (-0.1, 0.02), (0.02, 0.01), (0.1, 1.0), (math.nan, 0.1)])
def test_refuses_betas_that_are_none(start, end):
    with pytest.raises(ConfigurationError, match="expected 0 < beta_start <= beta_end < 1"):
        LinearBetaSchedule(1000, start, end)


@pytest.mark.parametrize("arguments", [{"offset": -0.1}, {"max_beta": 0.0}, {"max_beta": 1.0}])
def test_cosine_refuses(arguments):
    with pytest.raises(ConfigurationError, match="cosine: expected"):
        CosineSchedule(100, **arguments)
