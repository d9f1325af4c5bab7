"""Scores that break the contract, each in one way."""

import pytest
import torch

from lightning_modeinterp.detectors import EndPointScore, NoiseNorm, ScoreLaplacian
from lightning_modeinterp.diffusion.noise_schedules import LinearGammaSchedule
from lightning_modeinterp.testing import check_end_point_score


class Sound(EndPointScore):
    """How far the model moves a sample at the middle of the schedule."""

    def score(self, x_0, predict_x_0, schedule):
        level = schedule.level(torch.tensor([0.5], dtype=x_0.dtype))
        return (predict_x_0(x_0, level) - x_0).double().flatten(1).norm(dim=1)


class GivesFloat32(Sound):
    def score(self, *args):
        return super().score(*args).float()


class GivesAColumn(Sound):
    def score(self, *args):
        return super().score(*args).unsqueeze(1)


class DividesByNothing(Sound):
    def score(self, *args):
        return super().score(*args) / 0


class WritesIntoTheSamples(Sound):
    def score(self, x_0, *args):
        return super().score(x_0.mul_(0.5), *args)


class DrawsAtRandom(Sound):
    def score(self, x_0, *args):
        return super().score(x_0 + torch.randn_like(x_0), *args)


class Counts(Sound):
    calls = 0

    def score(self, *args):
        self.calls += 1
        return super().score(*args) + self.calls


class AsksInFloat64(Sound):
    def score(self, x_0, predict_x_0, schedule):
        level = schedule.level(torch.tensor([0.5], dtype=torch.float64))
        return predict_x_0(x_0, level).double().flatten(1).norm(dim=1)


class AsksAtALevelASample(Sound):
    def score(self, x_0, predict_x_0, schedule):
        return predict_x_0(x_0, schedule.level(torch.full((len(x_0),), 0.5))).double().flatten(1).norm(dim=1)


class Sorts(Sound):
    def score(self, *args):
        return super().score(*args).sort().values


class ComparesWithTheBlock(Sound):
    def score(self, *args):
        scores = super().score(*args)
        return scores - scores.mean()


class IgnoresNanButCountsIt(Sound):
    def score(self, *args):
        scores = super().score(*args)
        return scores / scores.isfinite().sum()


class FailsBesideNan(Sound):
    def score(self, *args):
        scores = super().score(*args)
        if scores.isnan().any():
            raise FloatingPointError("nan")
        return scores


class TakesAnything(Sound):
    def __init__(self, **kwargs: float):
        pass


@pytest.mark.parametrize("sample_shape", [(2,), (1, 4, 4)])
def test_accepts_what_keeps_the_contract(sample_shape):
    check_end_point_score(Sound(), sample_shape=sample_shape)


@pytest.mark.parametrize(
    ("subclass", "message"),
    [
        (GivesFloat32, "one float64 number for each of the 8 samples, got torch.float32"),
        (GivesAColumn, r"one float64 number .* of shape \(8, 1\)"),
        (DividesByNothing, "finite scores for finite samples"),
        (WritesIntoTheSamples, "the samples to stay unchanged"),
        (DrawsAtRandom, "the same scores for the same samples, got others; use no random numbers"),
        (Counts, "the same scores for the same samples"),
        (AsksInFloat64, "called in torch.float32 at one level"),
        (AsksAtALevelASample, r"at one level of shape \(1,\)"),
        (Sorts, "scores in the order of the samples.* do not sort"),
        (ComparesWithTheBlock, "to depend on that sample alone, got another when the others were changed"),
        (IgnoresNanButCountsIt, "to depend on that sample alone, got another when the others were nan"),
        (FailsBesideNan, "to depend on that sample alone, got FloatingPointError: nan"),
        (TakesAnything, r"\(kwargs\): expected named arguments"),
    ],
)
def test_refuses_what_breaks_it(subclass, message):
    with pytest.raises(AssertionError, match=f"{subclass.__name__}.*{message}"):
        check_end_point_score(subclass())


def test_a_score_that_does_not_fit_is_told_how_to_be_checked():
    score = NoiseNorm(noise_to_signal=200.0)
    with pytest.raises(AssertionError, match=r"a score that fits samples.*got ConfigurationError.*a `schedule`"):
        check_end_point_score(score)
    check_end_point_score(score, LinearGammaSchedule(gamma_min=-10.0, gamma_max=12.0))
    with pytest.raises(AssertionError, match="at most 64 numbers"):
        check_end_point_score(ScoreLaplacian(0.1), sample_shape=(80,))
