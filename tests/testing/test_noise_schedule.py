"""Noise schedules that break the contract, each in one way."""

from dataclasses import dataclass

import pytest
import torch

from lightning_modeinterp.diffusion.noise_schedules import NoiseRate, NoiseSchedule
from lightning_modeinterp.records import NoiseLevel
from lightning_modeinterp.testing import check_noise_schedule


class Sound(NoiseSchedule):
    def gamma(self, t):
        return 20 * t - 10


class HasAPlateau(Sound):
    def gamma(self, t):
        return (20 * t - 10).clamp(-5, 5)


class RunsBackwards(Sound):
    def gamma(self, t):
        return 10 - 20 * t


class Wiggles(Sound):
    def gamma(self, t):
        return 20 * t - 10 + (40 * t).sin()


class StandsStill(Sound):
    def gamma(self, t):
        return 0 * t


class StartsWithoutNoise(Sound):
    def gamma(self, t):
        return torch.log(t / (1 - t))


class TakesVectorsOnly(Sound):
    def gamma(self, t):
        return super().gamma(t).flatten()


class AlwaysFloat32(Sound):
    def gamma(self, t):
        return super().gamma(t).float()


class ScalesByTheBatch(Sound):
    def gamma(self, t):
        return super().gamma(t / t.max())


class Cancels(Sound):
    def gamma(self, t):
        alpha_bar = torch.sigmoid(10 - 30 * t)
        return torch.log(1 - alpha_bar + 1e-7) - torch.log(alpha_bar)


class HoldsABuffer(Sound):
    def __init__(self, num_steps: int = 1000):
        super().__init__(num_steps)
        self.register_buffer("ends", torch.tensor([-10.1, 9.3], dtype=torch.float64))

    def gamma(self, t):
        low, high = self.ends
        return (low + (high - low) * t).to(t.dtype)


class BendsItsGrid(Sound):
    def grid(self):
        return self.level(torch.linspace(0, 1, self.num_steps, dtype=torch.float64) ** 2)


class HasAGridOfItsOwn(Sound):
    def grid(self):
        return NoiseLevel(super().grid().t, super().grid().gamma + 0.1)


class ForgetsItsNumberOfSteps(Sound):
    def __init__(self, num_steps: int = 1000):
        super().__init__()
        self.num_steps = num_steps

    def grid(self):
        return self.level(torch.linspace(0, 1, 1000, dtype=torch.float64))


class ShiftsItsLevels(Sound):
    def level(self, t):
        return super().level((t + 0.1).clamp(max=1))


@dataclass(frozen=True)
class ExplodingLevel(NoiseLevel):
    @property
    def alpha(self):
        return torch.ones_like(self.gamma)


class RoundsItsLevels(Sound):
    def level_at(self, noise_to_signal):
        return self.level(super().level_at(noise_to_signal).t.round(decimals=2) + 0.003)


class ExplodesTheVariance(Sound):
    def level(self, t):
        return ExplodingLevel(t, self.gamma(t))


class TakesAnything(Sound):
    def __init__(self, num_steps: int = 1000, **kwargs: float):
        super().__init__(num_steps)


class HidesItsSlope(Sound):
    def gamma(self, t):
        return super().gamma(t.detach()) + 0 * t


class GivesAnotherSlope(Sound):
    def rate(self, t):
        return NoiseRate(self.level(t), torch.full_like(t, 19))


class RatesOtherLevels(Sound):
    def rate(self, t):
        return NoiseRate(self.level(t / 2), torch.full_like(t, 20))


class IsLearned(Sound):
    def __init__(self, num_steps: int = 1000):
        super().__init__(num_steps)
        self.slope = torch.nn.Parameter(torch.tensor(20.0))

    def gamma(self, t):
        return self.slope.to(t) * t - 10


class DoesNotReachWhatItLearns(IsLearned):
    def gamma(self, t):
        return self.slope.detach().to(t) * t - 10


class ShowsTimeBackwards(IsLearned):
    def _level(self, t, gamma):
        return NoiseLevel(1 - t, gamma)


@pytest.mark.parametrize("subclass", [Sound, HasAPlateau, IsLearned])
@pytest.mark.parametrize("num_steps", [2, 30])
def test_accepts_what_keeps_the_contract(subclass, num_steps):
    check_noise_schedule(subclass(num_steps))


@pytest.mark.parametrize(
    ("subclass", "message"),
    [
        (RunsBackwards, "gamma: expected -log SNR to rise.* got 10 at t = 0, -10 at t = 1"),
        (Wiggles, "never to fall, got .* a step of -"),
        (StandsStill, "gamma: expected -log SNR to rise"),
        (StartsWithoutNoise, r"gamma: expected finite numbers.* got \[-inf, inf\]"),
        (TakesVectorsOnly, r"of the shape \(3, 2\) of t, got torch.float32 of \(6,\)"),
        (AlwaysFloat32, "expected torch.float64 of the shape.* got torch.float32"),
        (ScalesByTheBatch, "gamma of each time to be independent"),
        (Cancels, "the same in float32 and float64 within 0.001.* log1p"),
        (HoldsABuffer, "the same levels after the module was cast.* plain float64 attributes"),
        (BendsItsGrid, "grid: expected times evenly spaced"),
        (HasAGridOfItsOwn, "grid: expected gamma at the grid's own times"),
        (ForgetsItsNumberOfSteps, r"grid: expected num_steps = 30 levels in float64, got torch.float64 of \(1000,\)"),
        (ShiftsItsLevels, "level: expected the requested times"),
        (RoundsItsLevels, "level_at: expected one level of noise_to_signal .* got"),
        (ExplodesTheVariance, r"level: expected alpha\^2 \+ sigma\^2 = 1, got 1.0.* to 1.99"),
        (HidesItsSlope, "rate: expected gamma'.* about .*20.* got .*0.*; write gamma in differentiable operations"),
        (GivesAnotherSlope, "rate: expected gamma'"),
        (RatesOtherLevels, "rate: expected the levels of the times"),
        (DoesNotReachWhatItLearns, "slope: expected a finite gradient from gamma and gamma', got none"),
        (ShowsTimeBackwards, "level: expected the requested times"),
        (TakesAnything, r"\(kwargs\): expected named arguments"),
    ],
)
def test_refuses_what_breaks_it(subclass, message):
    with pytest.raises(AssertionError, match=f"{subclass.__name__}.*{message}"):
        check_noise_schedule(subclass(30))


def test_leaves_the_schedule_as_it_was():
    schedule = HoldsABuffer()
    with pytest.raises(AssertionError):
        check_noise_schedule(schedule)
    assert schedule.ends.dtype == torch.float64
