"""Every end-point score keeps the contract; and the level that a score looks at."""

import pytest
import torch

from lightning_modeinterp.diffusion.end_point_scores import EndPointScore, NoiseNorm, ScoreLaplacian, nearest_level
from lightning_modeinterp.diffusion.noise_schedules import CosineSchedule, LinearBetaSchedule, LinearGammaSchedule
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.testing import check_end_point_score, concrete_subclasses

BUILDERS = {
    NoiseNorm: lambda: NoiseNorm(noise_to_signal=0.1),
    ScoreLaplacian: lambda: ScoreLaplacian(noise_to_signal=0.1),
}


@pytest.mark.parametrize("subclass", concrete_subclasses(EndPointScore))
@pytest.mark.parametrize("schedule", [LinearBetaSchedule(), CosineSchedule()], ids=["linear", "cosine"])
@pytest.mark.parametrize("sample_shape", [(1,), (2,), (1, 4, 4)])
def test_contract(subclass, schedule, sample_shape):
    # a KeyError here: add a line to BUILDERS for the new score
    check_end_point_score(BUILDERS[subclass](), schedule, sample_shape)


@pytest.mark.parametrize("wanted", [0.05, 0.3, 7.0])
def test_the_nearest_level_is_nearest_in_log_and_of_the_grid(wanted):
    grid = LinearBetaSchedule(1000, 0.001, 0.2).grid()
    level = nearest_level(LinearBetaSchedule(1000, 0.001, 0.2), wanted)
    distances = (grid.noise_to_signal / wanted).log().abs()
    assert level.gamma.dtype == torch.float64
    assert level.t.tolist() == [grid.t[distances.argmin()].item()]
    assert level.gamma.tolist() == [grid.gamma[distances.argmin()].item()]


def test_the_ends_of_the_grid_can_be_had():
    schedule = LinearGammaSchedule(gamma_min=-4.0, gamma_max=4.0, num_steps=9)
    for noise, t in zip(schedule.grid().noise_to_signal[[0, -1]].tolist(), (0.0, 1.0), strict=True):
        assert nearest_level(schedule, noise).t.tolist() == [t]


@pytest.mark.parametrize("wanted", [0.0, -1.0, 0.01, 1e60, float("nan")])
@pytest.mark.parametrize("score", [NoiseNorm, ScoreLaplacian])
def test_a_level_that_the_schedule_lacks_is_refused(score, wanted):
    with pytest.raises(
        ConfigurationError, match=r"noise_to_signal: expected a noise level within the schedule's 0\.03"
    ):
        score(wanted).check(LinearBetaSchedule(1000, 0.001, 0.2), (2,))
