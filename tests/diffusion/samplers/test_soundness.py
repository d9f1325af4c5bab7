"""What grows, when a line says so, and that it does not where the remedy is taken."""

import math

import pytest
import torch

from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule, LinearGammaSchedule
from lightning_modeinterp.diffusion.parameterization import x_0_from
from lightning_modeinterp.diffusion.samplers import AncestralSampler, DDIMSampler
from lightning_modeinterp.diffusion.samplers.soundness import MOST_GROWTH, SHORTFALL, doubts, error_growth

RELEASED = LinearBetaSchedule(1000, 0.001, 0.2)
USUAL = LinearBetaSchedule()
LATE = 1e-7
UNSOUND = [DDIMSampler(), DDIMSampler(100), DDIMSampler(50, eta=0.5), AncestralSampler(20)]
SOUND = [
    AncestralSampler(),
    AncestralSampler(100),
    AncestralSampler(50, variance="fixed_small"),
    DDIMSampler(100, LATE),
]


def name_of(sampler):
    return f"{type(sampler).__name__} {vars(sampler)}"


def short(x_t, level):
    """What a network that falls short by a tenth says of data spread like N(0, 1)."""
    return x_0_from((1 - SHORTFALL) * level.sigma * x_t, x_t, level, "eps")


def visited(sampler, schedule=RELEASED):
    """Where the sampler comes by, from x_t = 1 on, its own noise left out: (S,), and the sample at the end."""
    start, seen = torch.ones(1, 1, dtype=torch.float64), []
    noise = iter([start])

    def predict(x_t, level):
        seen.append(x_t.abs().item())
        return short(x_t, level)

    sample, _ = sampler.sample(predict, schedule, lambda: next(noise, torch.zeros_like(start)), {})
    return [*seen, sample.abs().item()]


@pytest.mark.parametrize("sampler", [*UNSOUND, *SOUND], ids=name_of)
@pytest.mark.parametrize("schedule", [RELEASED, USUAL], ids=["released", "usual"])
def test_the_growth_is_what_such_a_network_makes_of_a_start(sampler, schedule):
    assert error_growth(sampler, schedule) == pytest.approx(max(visited(sampler, schedule)[1:]), rel=1e-6)


@pytest.mark.parametrize("sampler", UNSOUND, ids=name_of)
def test_a_sampler_whose_samples_run_away_is_doubted(sampler):
    assert max(visited(sampler)) > MOST_GROWTH
    (line,) = doubts(sampler, RELEASED, "eps")
    assert "alpha^2 = 1.3e-47" in line
    assert "set start_alpha_bar to 1e-7, or set an x_0_range" in line


@pytest.mark.parametrize("sampler", SOUND, ids=name_of)
def test_one_whose_samples_stay_is_not(sampler):
    assert max(visited(sampler)) < 3
    assert doubts(sampler, RELEASED, "eps") == []


@pytest.mark.parametrize("sampler", UNSOUND, ids=name_of)
@pytest.mark.parametrize("remedy", [{"start_alpha_bar": LATE}, {"x_0_range": (-2.0, 2.0)}], ids=str)
def test_either_remedy_helps(sampler, remedy):
    settings = {**vars(sampler), "num_steps": sampler.num_steps or 300, **remedy}
    remedied = type(sampler)(**settings)
    assert max(visited(remedied)) < 5
    assert doubts(remedied, RELEASED, "eps") == []


@pytest.mark.parametrize("prediction", ["x_0", "v"])
def test_where_nothing_is_divided_by_alpha_nothing_is_doubted(prediction):
    assert doubts(DDIMSampler(20), RELEASED, prediction) == []


@pytest.mark.parametrize("sampler", [*UNSOUND[1:], *SOUND[1:]], ids=name_of)
@pytest.mark.parametrize("schedule", [USUAL, LinearGammaSchedule(-9, 5), LinearGammaSchedule(-13.3, 7)])
def test_schedules_that_end_earlier_leave_nothing_to_doubt(sampler, schedule):
    assert doubts(sampler, schedule, "eps") == []


@pytest.mark.parametrize("prediction", ["eps", "x_0", "v"])
def test_a_start_where_the_data_still_show_is_doubted(prediction):
    """Whether by the schedule's end or by the sampler's start."""
    early = LinearGammaSchedule(-9, math.log(0.95 / 0.05))
    for sampler, schedule in ((AncestralSampler(), early), (AncestralSampler(None, 0.05), USUAL)):
        (line,) = doubts(sampler, schedule, prediction)
        assert "starts from pure noise where alpha^2 is 0.05" in line
