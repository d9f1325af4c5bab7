"""Every end-point score keeps the contract; and the level that a score looks at."""

import pytest

from lightning_modeinterp.detectors import EndPointScore, Ink, NoiseNorm, ScoreLaplacian
from lightning_modeinterp.diffusion.noise_schedules import CosineSchedule, LinearBetaSchedule
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.testing import check_end_point_score
from tests.own_contracts import others

BUILDERS = {
    Ink: Ink,
    NoiseNorm: lambda: NoiseNorm(noise_to_signal=0.1),
    ScoreLaplacian: lambda: ScoreLaplacian(noise_to_signal=0.1),
}


@pytest.mark.parametrize("subclass", others(EndPointScore))
@pytest.mark.parametrize("schedule", [LinearBetaSchedule(), CosineSchedule()], ids=["linear", "cosine"])
@pytest.mark.parametrize("sample_shape", [(1,), (2,), (1, 4, 4)])
def test_contract(subclass, schedule, sample_shape):
    # a KeyError here: add a line to BUILDERS for the new score
    check_end_point_score(BUILDERS[subclass](), schedule, sample_shape)


@pytest.mark.parametrize("wanted", [0.0, -1.0, 0.01, 1e60, float("nan")])
@pytest.mark.parametrize("score", [NoiseNorm, ScoreLaplacian])
def test_a_level_that_the_schedule_lacks_is_refused(score, wanted):
    with pytest.raises(ConfigurationError, match=r"noise_to_signal: expected the noise schedule's 0\.03"):
        score(wanted).check(LinearBetaSchedule(1000, 0.001, 0.2), (2,))
