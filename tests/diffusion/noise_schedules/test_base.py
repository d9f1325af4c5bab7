"""The contract of a noise schedule; a plug-in author calls `check_noise_schedule` on theirs."""

import inspect

import pytest
import torch

from lightning_modeinterp.diffusion.noise_schedules import (
    BetaSchedule,
    CosineSchedule,
    LinearBetaSchedule,
    LinearGammaSchedule,
    NoiseSchedule,
)
from lightning_modeinterp.errors import ConfigurationError

BUILDERS = {
    BetaSchedule: lambda num_steps: BetaSchedule(torch.linspace(0.01, 0.1, num_steps)),
    CosineSchedule: CosineSchedule,
    LinearBetaSchedule: LinearBetaSchedule,
    LinearGammaSchedule: lambda num_steps: LinearGammaSchedule(num_steps=num_steps),
}


def concrete_subclasses(base):
    """All that the package ships, however deep."""
    below = [base, *(c for child in base.__subclasses__() for c in concrete_subclasses(child))]
    return [c for c in below if not inspect.isabstract(c) and c.__module__.startswith("lightning_modeinterp")]


def check_noise_schedule(schedule):
    """Noise grows with time, any shape and dtype goes through, and the grid is float64 whatever the module's dtype."""
    t = torch.linspace(0, 1, 5001, dtype=torch.float64)
    gamma = schedule.gamma(t)
    assert gamma.isfinite().all()
    assert (gamma.diff() >= 0).all()
    assert gamma[-1] > gamma[0]
    for dtype in (torch.float32, torch.float64):
        times = torch.rand(3, 2, generator=torch.Generator().manual_seed(0), dtype=dtype)
        assert (schedule.gamma(times).shape, schedule.gamma(times).dtype) == ((3, 2), dtype)
        level = schedule.level(times[:, 0])
        assert torch.equal(level.gamma, schedule.gamma(times)[:, 0])
        torch.testing.assert_close(level.alpha**2 + level.sigma**2, torch.ones(3, dtype=dtype))
    grid = schedule.grid()
    assert len(grid) == schedule.num_steps
    assert torch.equal(grid.t, torch.linspace(0, 1, schedule.num_steps, dtype=torch.float64))
    schedule.float()
    assert schedule.grid().gamma.dtype == torch.float64
    assert torch.equal(schedule.grid().gamma, grid.gamma)


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
