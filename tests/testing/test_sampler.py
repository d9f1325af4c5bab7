"""Samplers that break the contract, each in one way."""

import copy

import pytest
import torch

from lightning_modeinterp.diffusion.noise_schedules import CosineSchedule, LinearBetaSchedule
from lightning_modeinterp.diffusion.samplers import AncestralSampler, DDIMSampler, Sampler, UpdateScales
from lightning_modeinterp.records import NoiseLevel, SamplingStep
from lightning_modeinterp.testing import check_sampler, check_sampler_converges

SCHEDULE = LinearBetaSchedule(50)


class Sound(Sampler):
    """Noise the prediction afresh; it keeps the contract, though it does not draw from the data's distribution."""

    def update_scales(self, level, next_level):
        return UpdateScales(x_t=torch.zeros_like(level.gamma), x_0_hat=next_level.alpha, noise=next_level.sigma)


class SecondOrder(DDIMSampler):
    """Heun's method on the DDIM direction: two looks at the model a step, so it writes its own loop."""

    def sample(self, predict_x_0, schedule, draw_noise, observers):
        levels, x_t = self.levels(schedule), draw_noise()
        states = {name: observer.init(x_t, levels) for name, observer in observers.items()}
        for i in range(len(levels)):
            level, next_level = levels[i : i + 1].to(dtype=x_t.dtype), levels[i + 1 : i + 2].to(dtype=x_t.dtype)
            step = SamplingStep(len(levels) - 1 - i, level, x_t, predict_x_0(x_t, level))
            states = {name: observer.update(states[name], step) for name, observer in observers.items()}
            x_t = step.x_0_hat
            if len(next_level):
                x_t = self.move(step, next_level, step.x_0_hat)
                x_t = self.move(step, next_level, (step.x_0_hat + predict_x_0(x_t, next_level)) / 2)
        return x_t, {name: observer.result(states[name]) for name, observer in observers.items()}

    def move(self, step, next_level, x_0_hat):
        eps_hat = (step.x_t - step.level.alpha * x_0_hat) / step.level.sigma
        return next_level.alpha * x_0_hat + next_level.sigma * eps_hat


class WalksFromTheCleanEnd(Sound):
    def levels(self, schedule):
        return schedule.grid()


class StopsBetweenTheLevels(Sound):
    def levels(self, schedule):
        return schedule.level(torch.linspace(1, 0, 30, dtype=torch.float64))


class ShiftsTheLevels(Sound):
    def levels(self, schedule):
        levels = super().levels(schedule)
        return NoiseLevel(levels.t, levels.gamma + 0.1)


class RoundsTheLevels(Sound):
    def levels(self, schedule):
        return super().levels(schedule).to(dtype=torch.float32)


class IgnoresTheNumberOfSteps(Sound):
    def levels(self, schedule):
        return schedule.grid()[torch.arange(schedule.num_steps - 1, -1, -1)]


class ChangesItself(Sound):
    def with_num_steps(self, num_steps):
        self.num_steps = num_steps or self.num_steps
        return copy.copy(self)


class AlwaysCopies(Sound):
    def with_num_steps(self, num_steps):
        return copy.copy(self if num_steps is None else super().with_num_steps(num_steps))


class DrawsItsOwnNoise(Sound):
    def step(self, step, scales, noise):
        return super().step(step, scales, torch.randn_like(noise))


class IgnoresTheNoise(Sound):
    def sample(self, predict_x_0, schedule, draw_noise, observers):
        start = draw_noise()
        draws = iter([start])
        samples, results = super().sample(predict_x_0, schedule, lambda: next(draws, start), observers)
        return samples * 0, results


class StartsFromTheSecondDraw(Sound):
    def sample(self, predict_x_0, schedule, draw_noise, observers):
        draw_noise()
        return super().sample(predict_x_0, schedule, draw_noise, observers)


class RemembersTheLastBlock(Sound):
    last = 0.0

    def sample(self, predict_x_0, schedule, draw_noise, observers):
        samples, results = super().sample(predict_x_0, schedule, draw_noise, observers)
        samples, self.last = samples + self.last, samples[:1]
        return samples, results


class DependsOnBeingWatched(Sound):
    def sample(self, predict_x_0, schedule, draw_noise, observers):
        samples, results = super().sample(predict_x_0, schedule, draw_noise, observers)
        return samples + len(observers), results


class CentresTheBlock(Sound):
    def step(self, step, scales, noise):
        x_t = super().step(step, scales, noise)
        return x_t - x_t.mean(0)


class WritesIntoTheState(Sound):
    def step(self, step, scales, noise):
        return step.x_t.copy_(super().step(step, scales, noise))


class Widens(Sound):
    def step(self, step, scales, noise):
        return super().step(step, scales, noise).double()


class WidensAtTheEnd(Sound):
    def sample(self, predict_x_0, schedule, draw_noise, observers):
        samples, results = super().sample(predict_x_0, schedule, draw_noise, observers)
        return samples.double(), results


class FailsAtTheCleanEnd(Sound):
    def update_scales(self, level, next_level):
        scales = super().update_scales(level, next_level)
        return UpdateScales(scales.x_t, scales.x_0_hat + 0 * next_level.gamma, scales.noise)


class SplitsTheBlock(Sound):
    def sample(self, predict_x_0, schedule, draw_noise, observers):
        def predict_halves(x_t, level):
            return torch.cat([predict_x_0(half, level) for half in x_t.chunk(2)])

        return super().sample(predict_halves, schedule, draw_noise, observers)


class ClipsWhatItShows(Sound):
    def sample(self, predict_x_0, schedule, draw_noise, observers):
        return super().sample(lambda x_t, level: predict_x_0(x_t, level).clamp(0, 1), schedule, draw_noise, observers)


class ForgetsTheLastStep(Sound):
    def sample(self, predict_x_0, schedule, draw_noise, observers):
        few = {name: SkipsTheEnd(observer) for name, observer in observers.items()}
        return super().sample(predict_x_0, schedule, draw_noise, few)


class SkipsTheEnd:
    def __init__(self, observer):
        self.init, self.result, self.observer = observer.init, observer.result, observer

    def update(self, state, step):
        return self.observer.update(state, step) if step.index else state


class ShowsTheNextLevel(Sound):
    def sample(self, predict_x_0, schedule, draw_noise, observers):
        late = {name: SeesTheFirstLevelOnly(observer) for name, observer in observers.items()}
        return super().sample(predict_x_0, schedule, draw_noise, late)


class SeesTheFirstLevelOnly(SkipsTheEnd):
    def update(self, state, step):
        level = NoiseLevel(step.level.t, step.level.gamma + 1)
        return self.observer.update(state, SamplingStep(step.index, level, step.x_t, step.x_0_hat))


class RenamesTheResults(Sound):
    def sample(self, predict_x_0, schedule, draw_noise, observers):
        samples, results = super().sample(predict_x_0, schedule, draw_noise, observers)
        return samples, {f"observer/{name}": result for name, result in results.items()}


class TakesAnything(Sound):
    def __init__(self, **kwargs: float):
        super().__init__(**kwargs)


@pytest.mark.parametrize("sample_shape", [(2,), (1, 4, 4)])
@pytest.mark.parametrize("sampler", [Sound(), Sound(2), SecondOrder(), SecondOrder(17)])
def test_accepts_what_keeps_the_contract(sampler, sample_shape):
    check_sampler(sampler, SCHEDULE, sample_shape)


def test_takes_the_usual_schedule_by_itself():
    check_sampler(Sound())


@pytest.mark.parametrize(
    ("subclass", "message"),
    [
        (WalksFromTheCleanEnd, "levels: expected the noisiest level first"),
        (StopsBetweenTheLevels, "levels: expected levels of the schedule's grid.* index"),
        (ShiftsTheLevels, "levels: expected levels of the schedule's grid"),
        (RoundsTheLevels, "levels: expected at least 2 levels in float64, got 50 in torch.float32"),
        (IgnoresTheNumberOfSteps, "with_num_steps: expected the same sampler with 25 levels, got .* with 50"),
        (ChangesItself, "with_num_steps: expected the original to keep its 50 levels, got 25; change a copy"),
        (AlwaysCopies, "with_num_steps: expected the sampler itself for None"),
        (DrawsItsOwnNoise, "the same samples from the same noise.* draw by draw_noise only"),
        (IgnoresTheNoise, "other samples from other noise"),
        (StartsFromTheSecondDraw, "the first draw of noise as the first x_t"),
        (RemembersTheLastBlock, "the same samples from the same noise.* keep nothing on self"),
        (DependsOnBeingWatched, "the same samples from the same noise.* without observers"),
        (CentresTheBlock, "a sample to depend on its own noise alone.* no statistics of the batch"),
        (WritesIntoTheState, "x_0_hat to be what the model says|a step to stay as it was shown"),
        (Widens, "the model to see the whole block .* in float32"),
        (WidensAtTheEnd, r"finite float32 samples of the noise's shape \(4, 2\), got torch.float64"),
        (FailsAtTheCleanEnd, "finite float32 samples.* 0 numbers of them finite.* gamma = -inf"),
        (SplitsTheBlock, r"the model to see the whole block \(4, 2\) .* what a network sees at once"),
        (ClipsWhatItShows, "x_0_hat to be what the model says of x_t at that level"),
        (ForgetsTheLastStep, r"every step to be shown once.* from 49 to 0, got \[49, 48, 47\], ..., 49 in all"),
        (ShowsTheNextLevel, "observers to see the sampler's levels"),
        (RenamesTheResults, r"each observer's result under its name, got \['observer/log'\]"),
        (TakesAnything, r"\(kwargs\): expected named arguments"),
    ],
)
def test_refuses_what_breaks_it(subclass, message):
    with pytest.raises(AssertionError, match=f"{subclass.__name__}.*(?:{message})"):
        check_sampler(subclass(), SCHEDULE)


@pytest.mark.parametrize(
    "sampler", [AncestralSampler(), AncestralSampler(variance="fixed_small"), DDIMSampler(100), SecondOrder(50)]
)
def test_accepts_what_draws_from_the_data(sampler):
    check_sampler_converges(sampler, CosineSchedule(500) if sampler.num_steps is None else None)


class AddsTooMuchNoise(AncestralSampler):
    def update_scales(self, level, next_level):
        scales = super().update_scales(level, next_level)
        return UpdateScales(scales.x_t, scales.x_0_hat, 1.2 * scales.noise)


class MissesTheMean(AncestralSampler):
    def update_scales(self, level, next_level):
        scales = super().update_scales(level, next_level)
        return UpdateScales(scales.x_t, 0.95 * scales.x_0_hat, scales.noise)


@pytest.mark.parametrize("sampler", [Sound(), AddsTooMuchNoise(), MissesTheMean(), DDIMSampler(10)])
def test_refuses_another_distribution(sampler):
    message = f"{type(sampler).__name__}: expected the exact model of a Gaussian to give mean 1.5 and std 0.8"
    with pytest.raises(AssertionError, match=message):
        check_sampler_converges(sampler)
    with pytest.raises(AssertionError, match=r"in 50 steps; use more steps"):
        check_sampler_converges(AncestralSampler(50), tolerance=0.01)
