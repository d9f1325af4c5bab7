"""Every noise schedule keeps the contract."""

import json
import tempfile
from pathlib import Path

import pytest
import torch

from lightning_modeinterp.diffusion.noise_schedules import (
    BetaSchedule,
    CosineSchedule,
    DiffusersSchedule,
    LearnedGammaSchedule,
    LinearBetaSchedule,
    LinearGammaSchedule,
    NoiseSchedule,
)
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.testing import check_noise_schedule
from tests.subclasses import concrete_subclasses


def of_a_folder(num_steps):
    """A schedule that is read from a file, which may be gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        config = {"num_train_timesteps": num_steps, "beta_schedule": "linear"}
        (Path(folder) / "scheduler_config.json").write_text(json.dumps(config))
        return DiffusersSchedule(folder)


BUILDERS = {
    BetaSchedule: lambda num_steps: BetaSchedule(torch.linspace(0.01, 0.1, num_steps)),
    CosineSchedule: CosineSchedule,
    DiffusersSchedule: of_a_folder,
    LinearBetaSchedule: LinearBetaSchedule,
    LearnedGammaSchedule: lambda num_steps: LearnedGammaSchedule(num_steps=num_steps),
    LinearGammaSchedule: lambda num_steps: LinearGammaSchedule(num_steps=num_steps),
}


@pytest.mark.parametrize("subclass", concrete_subclasses(NoiseSchedule))
@pytest.mark.parametrize("num_steps", [2, 7, 1000])
def test_contract(subclass, num_steps):
    schedule = BUILDERS[subclass](num_steps)  # a KeyError here: add a line to BUILDERS for the new schedule
    assert schedule.num_steps == num_steps
    check_noise_schedule(schedule)


@pytest.mark.parametrize("subclass", concrete_subclasses(NoiseSchedule))
@pytest.mark.parametrize("num_steps", [0, 1])
def test_fewer_than_two_steps_are_refused(subclass, num_steps):
    with pytest.raises(ConfigurationError, match="num_steps: expected at least 2"):
        BUILDERS[subclass](num_steps)


def test_every_column_of_a_level_follows_from_gamma():
    level = LinearGammaSchedule(gamma_min=-3, gamma_max=3, num_steps=7).grid()
    snr = torch.exp(torch.tensor([3.0, 2.0, 1.0, 0.0, -1.0, -2.0, -3.0], dtype=torch.float64))
    torch.testing.assert_close(level.snr, snr)
    torch.testing.assert_close(level.alpha.square() / level.sigma.square(), snr)
    torch.testing.assert_close(level.noise_to_signal, level.sigma / level.alpha)


@pytest.mark.parametrize("subclass", concrete_subclasses(NoiseSchedule))
def test_a_level_is_found_by_its_noise(subclass):
    schedule = BUILDERS[subclass](50)
    for level in (schedule.grid()[0], schedule.grid()[17], schedule.grid()[49]):
        found = schedule.level_at(level.noise_to_signal.item())
        assert found.t.shape == (1,)
        assert found.t.dtype == torch.float64
        assert found.t.item() == pytest.approx(level.t.item(), abs=1e-12)


def test_a_level_between_two_of_the_grid():
    level = LinearGammaSchedule(gamma_min=-4, gamma_max=4, num_steps=2).level_at(0.5)  # gamma = 2 log(1/2)
    assert level.t.item() == pytest.approx((4 - 2 * 0.6931471805599453) / 8)
    assert level.noise_to_signal.item() == pytest.approx(0.5)


@pytest.mark.parametrize("noise_to_signal", [0.0, 0.1353, 7.4, float("nan")])
def test_noise_that_the_schedule_does_not_reach_is_refused(noise_to_signal):
    schedule = LinearGammaSchedule(gamma_min=-4, gamma_max=4)  # exp(-2) = 0.13534 to exp(2) = 7.389
    with pytest.raises(ConfigurationError, match=r"the noise schedule's 0\.1353 to 7\.389"):
        schedule.level_at(noise_to_signal)


@pytest.mark.parametrize("num_steps", [2, 1000])
def test_a_schedule_says_what_it_reaches(num_steps):
    schedule = LinearBetaSchedule(num_steps=num_steps)
    least, most = schedule.reach
    assert schedule.reaches(least)
    assert schedule.reaches(most)
    assert not schedule.reaches(least * 0.99)
    assert not schedule.reaches(most * 1.01)
    assert not schedule.reaches(float("nan"))
