"""The contract of a sampler, and what all samplers share; a plug-in author calls `check_sampler` on theirs."""

import inspect

import pytest
import torch

from lightning_modeinterp.diffusion.noise_schedules import CosineSchedule, LinearBetaSchedule
from lightning_modeinterp.diffusion.samplers import AncestralSampler, DDIMSampler, Sampler
from lightning_modeinterp.diffusion.trajectories import TrajectoryObserver
from lightning_modeinterp.errors import ConfigurationError

VARIANTS = {
    AncestralSampler: [{}, {"variance": "fixed_small"}],
    DDIMSampler: [{}, {"eta": 0.5}, {"eta": 1.0}],
}


class StepLog(TrajectoryObserver):
    """Notes what it is called with."""

    def init(self, x_t, levels):
        self.levels = levels
        return ()

    def update(self, state, step):
        return (*state, step)

    def result(self, state):
        self.steps = state
        return torch.stack([step.x_0_hat for step in state], dim=1)


def concrete_subclasses(base):
    below = [c for child in base.__subclasses__() for c in (child, *concrete_subclasses(child))]
    return [c for c in below if not inspect.isabstract(c) and c.__module__.startswith("lightning_modeinterp")]


def predict(x_t, level):
    """A smooth, bounded stand-in for a model."""
    return torch.tanh(x_t + level.t.reshape(-1, *[1] * (x_t.ndim - 1)))


def draw_noise_of(shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return lambda: torch.randn(shape, generator=generator)


def check_sampler(sampler, schedule, shape):
    """Finite samples of the noise's shape, a function of that noise; every step is shown once, noisiest first."""
    log = StepLog()
    samples, results = sampler.sample(predict, schedule, draw_noise_of(shape), {"log": log})
    num_steps = len(sampler.levels(schedule))
    assert (samples.shape, samples.dtype) == (shape, torch.float32)
    assert samples.isfinite().all()
    assert results["log"].shape == (shape[0], num_steps, *shape[1:])
    assert [step.index for step in log.steps] == list(range(num_steps - 1, -1, -1))
    assert torch.equal(torch.cat([step.level.gamma for step in log.steps]), log.levels.gamma.float())
    assert all(step.level.gamma.shape == (1,) and step.x_t.shape == shape for step in log.steps)
    assert torch.equal(log.steps[0].x_t, draw_noise_of(shape)())
    assert torch.equal(log.steps[-1].x_0_hat, predict(log.steps[-1].x_t, log.steps[-1].level))
    again, _ = sampler.sample(predict, schedule, draw_noise_of(shape), {})
    assert torch.equal(samples, again)  # nor do observers change what is drawn
    assert not torch.equal(samples, sampler.sample(predict, schedule, draw_noise_of(shape, 1), {})[0])


@pytest.mark.parametrize("subclass", concrete_subclasses(Sampler))
@pytest.mark.parametrize("num_steps", [2, 17, None])
@pytest.mark.parametrize("shape", [(4, 2), (3, 1, 4, 4)])
def test_contract(subclass, num_steps, shape):
    for variant in VARIANTS[subclass]:  # a KeyError here: add a line to VARIANTS for the new sampler
        for schedule in (LinearBetaSchedule(50), CosineSchedule(50)):
            check_sampler(subclass(num_steps, **variant), schedule, shape)


@pytest.mark.parametrize("subclass", concrete_subclasses(Sampler))
def test_the_last_step_ends_on_the_prediction(subclass):
    log = StepLog()
    samples, _ = subclass(5).sample(predict, LinearBetaSchedule(50), draw_noise_of((4, 2)), {"log": log})
    torch.testing.assert_close(samples, log.steps[-1].x_0_hat)


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
