"""Every sampler keeps the contract, and what all samplers share."""

import pytest
import torch

from lightning_modeinterp.diffusion.noise_schedules import (
    CosineSchedule,
    LearnedGammaSchedule,
    LinearBetaSchedule,
    LinearGammaSchedule,
)
from lightning_modeinterp.diffusion.samplers import AncestralSampler, DDIMSampler, Sampler
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.testing import check_sampler, check_sampler_converges
from lightning_modeinterp.trajectories import TrajectoryRecorder
from tests.subclasses import concrete_subclasses

VARIANTS = {
    AncestralSampler: [{}, {"variance": "fixed_small"}],
    DDIMSampler: [{}, {"eta": 0.5}, {"eta": 1.0}],
}

CONTINUOUS = (LinearGammaSchedule(num_steps=50), LearnedGammaSchedule(num_steps=50))


def predict(x_t, level):
    """A smooth, bounded stand-in for a model."""
    return torch.tanh(x_t + level.t.reshape(-1, *[1] * (x_t.ndim - 1)))


def draw_noise_of(shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return lambda: torch.randn(shape, generator=generator)


@pytest.mark.parametrize("subclass", concrete_subclasses(Sampler))
@pytest.mark.parametrize("num_steps", [2, 17, None])
@pytest.mark.parametrize("sample_shape", [(2,), (1, 4, 4)])
def test_contract(subclass, num_steps, sample_shape):
    for variant in VARIANTS[subclass]:  # a KeyError here: add a line to VARIANTS for the new sampler
        for schedule in (LinearBetaSchedule(50), CosineSchedule(50), *CONTINUOUS):
            check_sampler(subclass(num_steps, **variant), schedule, sample_shape)


@pytest.mark.parametrize("subclass", concrete_subclasses(Sampler))
def test_all_steps_together_draw_from_the_data(subclass):
    for variant in VARIANTS[subclass]:
        check_sampler_converges(subclass(**variant), CosineSchedule(500))


@pytest.mark.parametrize("subclass", concrete_subclasses(Sampler))
def test_the_last_step_ends_on_the_prediction(subclass):
    predictions = []

    def predict_and_note(x_t, level):
        predictions.append(predict(x_t, level))
        return predictions[-1]

    samples, _ = subclass(5).sample(predict_and_note, LinearBetaSchedule(50), draw_noise_of((4, 2)), {})
    torch.testing.assert_close(samples, predictions[-1])


@pytest.mark.parametrize("num_steps", range(2, 51))
def test_levels_are_spread_evenly_from_the_noisiest_to_the_cleanest(num_steps):
    schedule = LinearBetaSchedule(50)
    levels = AncestralSampler(num_steps).levels(schedule)
    index = (levels.t * 49).round().long()
    assert len(index) == num_steps
    assert (index[0], index[-1]) == (49, 0)
    gaps = -index.diff()
    assert (gaps - 49 / (num_steps - 1)).abs().max() < 1
    assert (gaps >= 1).all()
    assert torch.equal(levels.gamma, schedule.grid().gamma[index])


def test_without_a_number_of_steps_every_level_is_visited():
    schedule = CosineSchedule(30)
    assert torch.equal(AncestralSampler().levels(schedule).gamma, schedule.grid().gamma.flip(0))


def test_more_steps_than_levels_are_refused():
    with pytest.raises(ConfigurationError, match="at most the 50 levels of the noise schedule, got 51"):
        AncestralSampler(51).levels(LinearBetaSchedule(50))


def test_starting_later_skips_exactly_the_levels_below():
    schedule = LinearBetaSchedule(1000, 0.001, 0.2)
    alpha_bar = schedule.grid().alpha.square()
    levels = AncestralSampler(start_alpha_bar=1e-3).levels(schedule)
    num_kept = int((alpha_bar >= 1e-3).sum())
    assert 0 < num_kept < 300
    assert len(levels) == num_kept
    assert torch.equal(levels.alpha.square().flip(0), alpha_bar[:num_kept])
    num_draws = 0

    def draw_noise():
        nonlocal num_draws
        num_draws += 1
        return torch.zeros(2, 1)

    AncestralSampler(start_alpha_bar=1e-3).sample(predict, schedule, draw_noise, {})
    assert num_draws == num_kept  # the start, and one for each step but the last


def test_steps_are_spread_over_the_levels_that_are_left():
    schedule = LinearBetaSchedule(1000, 0.001, 0.2)
    left = AncestralSampler(start_alpha_bar=1e-3).levels(schedule)
    few = AncestralSampler(10, start_alpha_bar=1e-3).levels(schedule)
    assert len(few) == 10
    assert (few.t[0], few.t[-1]) == (left.t[0], left.t[-1])
    with pytest.raises(ConfigurationError, match=f"at most the {len(left)} levels"):
        AncestralSampler(len(left) + 1, start_alpha_bar=1e-3).levels(schedule)


def test_a_start_that_no_level_reaches_is_refused():
    with pytest.raises(ConfigurationError, match="start_alpha_bar"):
        AncestralSampler(start_alpha_bar=0.9999).levels(LinearBetaSchedule(1000, 0.001, 0.2))


@pytest.mark.parametrize("subclass", concrete_subclasses(Sampler))
def test_with_num_steps_leaves_the_original(subclass):
    sampler = subclass(20, start_alpha_bar=1e-6, **VARIANTS[subclass][-1])
    other = sampler.with_num_steps(7)
    assert (sampler.num_steps, other.num_steps) == (20, 7)
    assert {**vars(other), "num_steps": 20} == vars(sampler)
    assert type(other) is subclass
    assert sampler.with_num_steps(None) is sampler


@pytest.mark.parametrize("num_steps", [1, 0, -3])
def test_fewer_than_two_steps_are_refused(num_steps):
    with pytest.raises(ConfigurationError, match=r"num_steps: expected at least 2"):
        AncestralSampler(num_steps)
    with pytest.raises(ConfigurationError, match=r"num_steps: expected at least 2"):
        AncestralSampler(20).with_num_steps(num_steps)


@pytest.mark.parametrize("start_alpha_bar", [-0.1, 1.0, float("nan")])
def test_refuses_a_start_out_of_range(start_alpha_bar):
    with pytest.raises(ConfigurationError, match=r"sampler\.start_alpha_bar: expected a number in \[0, 1\)"):
        DDIMSampler(start_alpha_bar=start_alpha_bar)


@pytest.mark.parametrize("schedule", CONTINUOUS, ids=["linear", "learned"])
@pytest.mark.parametrize("num_steps", [2, 17, 50, 333])
def test_a_continuous_schedule_is_met_at_evenly_spaced_times(schedule, num_steps):
    levels = AncestralSampler(num_steps).levels(schedule)
    times = torch.tensor([1 - i / (num_steps - 1) for i in range(num_steps)], dtype=torch.float64)
    torch.testing.assert_close(levels.gamma, schedule.gamma(times).detach())
    assert not levels.gamma.requires_grad


@pytest.mark.parametrize("schedule", CONTINUOUS, ids=["linear", "learned"])
def test_without_a_number_a_continuous_schedule_gives_its_own(schedule):
    levels = AncestralSampler().levels(schedule)
    assert torch.equal(levels.gamma, schedule.grid().gamma.flip(0))
    assert torch.equal(levels.t, schedule.grid().t.flip(0))


@pytest.mark.parametrize("num_steps", [None, 7, 400])
def test_a_later_start_on_a_continuous_schedule(num_steps):
    schedule = LinearGammaSchedule(-10.0, 10.0, num_steps=101)
    levels = AncestralSampler(num_steps, start_alpha_bar=0.01).levels(schedule)
    start = 0.72  # gamma = 4.4 there, of alpha^2 = 0.0121; the next level, 4.6, has 0.00995
    assert len(levels) == (73 if num_steps is None else num_steps)
    torch.testing.assert_close(levels.t, start * torch.linspace(1, 0, len(levels), dtype=torch.float64))
    torch.testing.assert_close(levels.gamma, -10 + 20 * levels.t)


@pytest.mark.parametrize("subclass", concrete_subclasses(Sampler))
def test_a_range_clips_what_is_predicted_for_the_step_and_for_who_watches(subclass):
    def far(x_t, level):
        return 100 * x_t

    def clipped(x_t, level):
        return far(x_t, level).clamp(-0.5, 2.0)

    schedule, watching = LinearBetaSchedule(50), {"seen": TrajectoryRecorder(range(64))}
    samples, results = subclass(20, x_0_range=(-0.5, 2.0)).sample(far, schedule, draw_noise_of((64, 2)), watching)
    expected, _ = subclass(20).sample(clipped, schedule, draw_noise_of((64, 2)), {})
    assert torch.equal(samples, expected)
    assert (results["seen"].min(), results["seen"].max()) == (-0.5, 2.0)


@pytest.mark.parametrize("subclass", concrete_subclasses(Sampler))
@pytest.mark.parametrize("range_", [(1.0, 1.0), (2.0, -2.0), (float("nan"), 1.0)])
def test_a_range_without_a_width_is_refused(subclass, range_):
    with pytest.raises(ConfigurationError, match=r"x_0_range: expected a lowest and a higher value, or null, got \["):
        subclass(x_0_range=range_)
