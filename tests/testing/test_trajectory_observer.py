"""Observers that break the contract, each in one way."""

import pytest
import torch

from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.diffusion.samplers import AncestralSampler
from lightning_modeinterp.testing import check_trajectory_observer
from lightning_modeinterp.trajectories import TrajectoryObserver, TrajectoryVariance, Window


class Sound(TrajectoryObserver[torch.Tensor]):
    """Mean over the steps, (B, 1), of the sum over coordinates."""

    def init(self, x_t, levels):
        return torch.zeros(len(x_t), 1)

    def update(self, state, step):
        return state + step.x_0_hat.flatten(1).sum(1, keepdim=True)

    def result(self, state):
        return state


class AddsInPlace(Sound):
    def update(self, state, step):
        return state.add_(step.x_0_hat.flatten(1).sum(1, keepdim=True))


class AppendsInPlace(Sound):
    def init(self, x_t, levels):
        return []

    def update(self, state, step):
        state.append(step.x_0_hat.flatten(1).sum(1))
        return state

    def result(self, state):
        return torch.stack(state).sum(0)


class KeepsItself(Sound):
    def init(self, x_t, levels):
        self.total = super().init(x_t, levels)
        return self.total

    def update(self, state, step):
        self.total = super().update(self.total, step)
        return self.total


class ComparesWithTheBlock(Sound):
    def result(self, state):
        return state - state.mean(0)


class FailsBesideNan(Sound):
    def result(self, state):
        if state.isnan().any():
            raise FloatingPointError("nan")
        return state


class IgnoresNanButCountsIt(Sound):
    def result(self, state):
        return state / state.isfinite().sum()


class Sorts(Sound):
    def result(self, state):
        return state.sort(dim=0).values


class WeighsByPlace(Sound):
    def result(self, state):
        return state * torch.arange(1, len(state) + 1).unsqueeze(1)


class GivesOneNumber(Sound):
    def result(self, state):
        return state.sum()


class GivesOneRowTooFew(Sound):
    def result(self, state):
        return state[1:]


class DividesByNothing(Sound):
    def result(self, state):
        return state / 0


class WritesIntoTheStep(Sound):
    def update(self, state, step):
        return super().update(state, step) + step.x_0_hat.mul_(0.5).flatten(1).sum(1, keepdim=True)


class SaysItIsAScoreOfTwoNumbers(Sound):
    is_score = True


class TakesAnything(Sound):
    def __init__(self, **kwargs: float):
        pass


@pytest.mark.parametrize("sample_shape", [(2,), (1, 4, 4)])
def test_accepts_what_keeps_the_contract(sample_shape):
    check_trajectory_observer(Sound(), sample_shape)


@pytest.mark.parametrize(
    ("subclass", "message"),
    [
        (AddsInPlace, "the given state to stay unchanged.* write into no tensor"),
        (AppendsInPlace, "the given state to stay unchanged"),
        (KeepsItself, "to keep nothing outside the state, got another result for two blocks.* set nothing on self"),
        (
            ComparesWithTheBlock,
            "a trajectory's row to depend on that trajectory alone, got another when the others were c",
        ),
        (FailsBesideNan, "to depend on that trajectory alone, got FloatingPointError: nan"),
        (IgnoresNanButCountsIt, "to depend on that trajectory alone, got another when the others were nan"),
        (Sorts, "rows in the order of the samples.* do not sort"),
        (WeighsByPlace, "or rows that depend on their place"),
        (GivesOneNumber, "one row for each of the 8 samples, got 0"),
        (GivesOneRowTooFew, "one row for each of the 8 samples, got 7"),
        (DividesByNothing, "finite numbers for finite trajectories"),
        (WritesIntoTheStep, "the step to stay unchanged"),
        (SaysItIsAScoreOfTwoNumbers, r"one number per sample from an observer that is a score, got shape \(8, 1\)"),
        (TakesAnything, r"\(kwargs\): expected named arguments"),
    ],
)
def test_refuses_what_breaks_it(subclass, message):
    with pytest.raises(AssertionError, match=f"{subclass.__name__}.*{message}"):
        check_trajectory_observer(subclass())


def test_an_observer_that_does_not_fit_is_told_how_to_be_checked():
    observer = TrajectoryVariance({"early": Window(steps=(60, 79))})
    with pytest.raises(
        AssertionError,
        match=r"an observer that fits 50 levels and .*, got ConfigurationError.*pass `levels`",
    ):
        check_trajectory_observer(observer)
    check_trajectory_observer(observer, levels=AncestralSampler(80).levels(LinearBetaSchedule()))
