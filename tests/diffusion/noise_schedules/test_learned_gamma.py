import math

import numpy as np
import pytest
import torch

from lightning_modeinterp.diffusion.noise_schedules import LearnedGammaSchedule, LinearGammaSchedule
from lightning_modeinterp.errors import ConfigurationError

TIMES = torch.linspace(0, 1, 101, dtype=torch.float64)


def shaken(seed, scale=3.0, **settings):
    """A schedule with random parameters, as after any training."""
    schedule = LearnedGammaSchedule(-8.0, 4.0, num_units=5, **settings)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in schedule.parameters():
            parameter.add_(scale * torch.randn(parameter.shape, generator=generator))
    return schedule


def test_begins_near_the_line():
    learned, line = LearnedGammaSchedule(-8.0, 4.0), LinearGammaSchedule(-8.0, 4.0)
    assert (learned.gamma(TIMES) - line.gamma(TIMES)).abs().max() < 0.02 * 12
    torch.testing.assert_close(learned.gamma(TIMES)[[0, -1]].tolist(), [-8.0, 4.0], rtol=1e-6, atol=0)


def test_equals_its_formula():
    schedule, t = shaken(0), TIMES.numpy()

    def softplus(parameter):
        return np.log1p(np.exp(parameter.detach().double().numpy()))

    def g(t):
        angles = softplus(schedule.steepness) * (t[:, None] - schedule.centres.detach().double().numpy())
        return softplus(schedule.skip) * t + (softplus(schedule.heights) / (1 + np.exp(-angles))).sum(1)

    low, high = g(np.zeros(1)), g(np.ones(1))
    below, above = softplus(schedule.spans)
    expected = -2 - below + (above + below) * (g(t) - low) / (high - low)
    np.testing.assert_allclose(schedule.gamma(TIMES).detach().numpy(), expected, rtol=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_rises_between_its_ends_whatever_the_parameters(seed):
    schedule = shaken(seed, scale=20.0)
    gamma_min, gamma_max = schedule.ends(TIMES)
    gamma = schedule.gamma(TIMES).detach()
    assert gamma_min <= -2 <= gamma_max
    assert gamma_min < gamma_max
    assert (gamma.diff() >= 0).all()
    assert gamma[[0, -1]].tolist() == pytest.approx([gamma_min.item(), gamma_max.item()], rel=1e-9)


def test_the_ends_stay_apart_when_they_are_pulled_together():
    schedule = LearnedGammaSchedule(-1.0, 1.0)
    optimizer = torch.optim.SGD([schedule.spans], lr=1.0)
    for _ in range(200):
        optimizer.zero_grad()
        gamma_min, gamma_max = schedule.ends(TIMES)
        (gamma_max - gamma_min).backward()
        optimizer.step()
    assert 0 < gamma_max - gamma_min < 0.1


def test_fixed_ends_stay():
    schedule = shaken(0, has_learned_ends=False)
    assert "spans" not in dict(schedule.named_parameters())
    assert schedule.gamma(TIMES)[[0, -1]].tolist() == pytest.approx([-8.0, 4.0], rel=1e-12)


def test_a_network_sees_gamma_on_a_scale_that_does_not_move():
    for schedule in (LearnedGammaSchedule(-8.0, 4.0), shaken(1), shaken(2)):
        level = schedule.level(TIMES)
        torch.testing.assert_close(level.t, (level.gamma + 8) / 12)
        rate = schedule.rate(TIMES)
        assert torch.equal(rate.level.t, level.t)
        assert torch.equal(rate.level.gamma, level.gamma)


def test_the_slope_follows_from_reverse_mode_too():
    schedule, t = shaken(3), TIMES.clone().requires_grad_()
    (expected,) = torch.autograd.grad(schedule.gamma(t).sum(), t)
    torch.testing.assert_close(schedule.rate(TIMES).slope, expected)


def test_autocast_leaves_gamma_in_single_precision():
    schedule, t = shaken(4), TIMES.float()
    expected = schedule.gamma(t)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(schedule.gamma(t), expected)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"gamma_min": 1.0, "gamma_max": 1.0}, "expected gamma_min < gamma_max, got 1.0 and 1.0"),
        ({"gamma_min": math.nan}, "expected gamma_min < gamma_max"),
        ({"num_units": 0}, "num_units: expected at least 1, got 0"),
    ],
)
def test_refuses(settings, message):
    with pytest.raises(ConfigurationError, match=message):
        LearnedGammaSchedule(**settings)
