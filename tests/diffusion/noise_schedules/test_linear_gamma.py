import pytest
import torch

from lightning_modeinterp.diffusion.noise_schedules import LinearGammaSchedule
from lightning_modeinterp.errors import ConfigurationError


def test_gamma_is_a_line_between_its_ends():
    gamma = LinearGammaSchedule(gamma_min=-8.0, gamma_max=4.0, num_steps=4).grid().gamma
    torch.testing.assert_close(gamma, torch.tensor([-8.0, -4.0, 0.0, 4.0], dtype=torch.float64))


def test_the_default_ends_leave_the_noise_and_signal_that_the_docstring_names():
    grid = LinearGammaSchedule().grid()
    assert grid[0].sigma.square().item() == pytest.approx(1.7e-6, rel=0.05)
    assert grid[-1].alpha.square().item() == pytest.approx(0.0067, rel=0.01)


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, 1.0), (float("nan"), 1.0)])
def test_refuses_ends_that_do_not_rise(low, high):
    with pytest.raises(ConfigurationError, match="expected gamma_min < gamma_max"):
        LinearGammaSchedule(low, high)
