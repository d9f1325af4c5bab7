"""Against the closed form for two equal modes: s(x) = (m tanh(m x / v) - x) / v about their middle."""

import math

import pytest
import torch

from lightning_modeinterp.data.gaussian import GaussianMixture
from lightning_modeinterp.metrics.functional import largest_slope, points_between, slope_ratio
from lightning_modeinterp.records import NoiseLevel

STD, DISTANCE = 0.05, 1.0


def level_of(noise_to_signal):
    gamma = torch.tensor([2 * math.log(noise_to_signal)], dtype=torch.float64)
    return NoiseLevel(t=torch.zeros_like(gamma), gamma=gamma)


def noised_pair(noise, direction=(1.0,), weights=None):
    """Score, points and variance between two modes of std 0.05 at distance 1, noised by ``noise`` of their std."""
    level, ends = level_of(noise * STD), torch.tensor([[0.0], [DISTANCE]], dtype=torch.float64)
    mixture = GaussianMixture(ends * torch.tensor(direction, dtype=torch.float64), STD, weights)
    alpha, sigma = level.alpha.item(), level.sigma.item()
    variance = alpha**2 * STD**2 + sigma**2
    x = points_between(alpha * mixture.means[0], alpha * mixture.means[1], variance)
    return mixture.score(x, level), x, alpha * DISTANCE / 2, variance


@pytest.mark.parametrize("noise", [0.1, 0.5, 1, 2, 4, 6])
@pytest.mark.parametrize("direction", [(1.0,), (0.6, 0.8)])
def test_largest_slope_is_that_of_the_closed_form(noise, direction):
    score, x, m, v = noised_pair(noise, direction)
    assert largest_slope(score, x).item() == pytest.approx(m**2 / v**2 - 1 / v, rel=2e-3)


@pytest.mark.parametrize("weights", [[0.9, 0.1], [0.3, 0.7]])
def test_unequal_modes_turn_elsewhere_and_as_sharply(weights):
    score, x, m, v = noised_pair(1, weights=weights)
    assert largest_slope(score, x).item() == pytest.approx(m**2 / v**2 - 1 / v, rel=5e-3)


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0, 1.5])
def test_a_jump_of_a_share_of_the_sharpness(share):
    true, x, m, v = noised_pair(1)
    middle = x.mean()
    learned = (m * torch.tanh(share * m * (x - middle) / v) - (x - middle)) / v
    expected = (share * m**2 / v**2 - 1 / v) / (m**2 / v**2 - 1 / v)
    assert slope_ratio(learned, true, x).item() == pytest.approx(expected, rel=1e-2)
    assert slope_ratio(true, true, x).item() == 1


def test_a_single_gaussian_falls_everywhere():
    x = torch.linspace(-1, 1, 11, dtype=torch.float64).unsqueeze(1)
    assert largest_slope(-x / 0.04, x).item() == pytest.approx(-25)
    assert slope_ratio(-x, -x / 0.04, x).isnan()


def test_only_the_slope_along_the_line_counts():
    x = torch.linspace(0, 1, 101, dtype=torch.float64).unsqueeze(1) * torch.tensor([1.0, 0.0], dtype=torch.float64)
    across = torch.stack([2 * x[:, 0], 50 * x[:, 0]], dim=1)
    assert largest_slope(across, x).item() == pytest.approx(2)


def test_points_lie_in_the_middle_half_and_straddle_the_middle():
    first, last = torch.tensor([1.0, 2.0]), torch.tensor([3.0, -2.0])
    x = points_between(first, last, variance=10.0)
    assert len(x) == 64
    torch.testing.assert_close(x[0], torch.tensor([1.5, 1.0], dtype=torch.float64))
    torch.testing.assert_close(x[-1], torch.tensor([2.5, -1.0], dtype=torch.float64))
    torch.testing.assert_close(x[31] + x[32], (first + last).double())
