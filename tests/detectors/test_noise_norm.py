import pytest
import torch

from lightning_modeinterp.data.gaussian import ExactMixture
from lightning_modeinterp.detectors import NoiseNorm
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule

SCHEDULE = LinearBetaSchedule(1000, 0.001, 0.2)
MEAN, STD = [0.5, -1.0], 0.3
SAMPLES = torch.tensor([[0.5, -1.0], [0.8, -1.0], [0.5, 0.2], [3.0, 4.0]])


def test_of_one_gaussian_it_is_the_closed_form():
    """score = -(x_t - alpha mu) / v with v = alpha^2 s^2 + sigma^2, and eps_hat = -sigma score, at x_t = alpha x_0."""
    exact = ExactMixture((2,), [MEAN], STD)
    level = SCHEDULE.level_at(0.1)
    alpha, sigma = level.alpha.item(), level.sigma.item()
    distance = (SAMPLES.double() - torch.tensor(MEAN, dtype=torch.float64)).norm(dim=1)
    expected = sigma * alpha * distance / (alpha**2 * STD**2 + sigma**2)
    actual = NoiseNorm(0.1).score(SAMPLES, exact, SCHEDULE)
    torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("noise_to_signal", [0.05, 1.0])
def test_it_is_how_far_the_model_moves_the_sample_in_units_of_the_noise(noise_to_signal):
    """No noise is added: the model sees alpha x_0 at the level, exactly."""
    seen = []

    def model(x_t, level):
        seen.append((x_t, level))
        return torch.zeros_like(x_t)

    norm = NoiseNorm(noise_to_signal).score(SAMPLES, model, SCHEDULE)
    level = SCHEDULE.level_at(noise_to_signal)
    ((x_t, asked),) = seen
    torch.testing.assert_close(x_t, level.alpha.float() * SAMPLES)
    assert asked.gamma.item() == pytest.approx(level.gamma.item())
    torch.testing.assert_close(norm, SAMPLES.double().norm(dim=1) / level.noise_to_signal, rtol=1e-5, atol=1e-6)


def test_it_cannot_see_the_middle_between_two_modes():
    exact = ExactMixture((1,), [-1.0, 1.0], 0.05)
    middle, off_centre = NoiseNorm(0.05).score(torch.tensor([[0.0], [1.05]]), exact, SCHEDULE)
    assert middle == pytest.approx(0, abs=1e-5)
    assert off_centre > 0.3
