"""Probes that break the contract, each in one way."""

import math

import pytest
import torch
from matplotlib.figure import Figure

from lightning_modeinterp.data import Probe
from lightning_modeinterp.keyed_noise import keyed_generator
from lightning_modeinterp.testing import check_probe, made_up_subject


class Sound(Probe):
    """Spread of what the model makes of noise."""

    names = ("spread", "unknown")

    def measure(self, subject):
        return {"spread": self.spread(subject), "unknown": math.nan}

    def spread(self, subject):
        level = subject.noise_schedule.level_at(2.0).to(dtype=torch.float32)
        noise = torch.randn(16, 2, generator=keyed_generator(0, "spread", 0))
        return subject.predict_x_0(noise, level).std().item()

    def figures(self, subject):
        yield "spread", Figure((1, 1))


class IsAskedMaybe(Sound):
    in_validation = "sometimes"


class MeasuresNothing(Sound):
    def measure(self, subject):
        return {}


class SaysNoNames(Sound):
    names = ()


class MeasuresMoreThanItSays(Sound):
    names = ("spr", "unknown/more")


class GivesATensor(Sound):
    def measure(self, subject):
        return {"spread": torch.ones(())}


class GivesInfinity(Sound):
    def measure(self, subject):
        return {"spread": math.inf}


class FailsOnThis(Sound):
    def measure(self, subject):
        raise FloatingPointError("nan")


class DrawsAtRandom(Sound):
    def measure(self, subject):
        with torch.random.fork_rng(devices=[]):
            return {"spread": torch.randn(4).std().item()}


class Counts(Sound):
    calls = 0

    def measure(self, subject):
        self.calls += 1
        return {"spread": float(self.calls)}


class UsesUpRandomNumbers(Sound):
    def measure(self, subject):
        torch.randn(1)
        return super().measure(subject)


class ChangesTheNetwork(Sound):
    def measure(self, subject):
        with torch.no_grad():
            next(subject.denoiser.parameters()).add_(1)
        return super().measure(subject)


class Trains(Sound):
    def measure(self, subject):
        subject.denoiser.train()
        return super().measure(subject)


class LeavesGradients(Sound):
    def measure(self, subject):
        level = subject.noise_schedule.level_at(2.0).to(dtype=torch.float32)
        subject.predict_x_0(torch.ones(4, 2), level).sum().backward()
        return super().measure(subject)


class DrawsTheSameNameTwice(Sound):
    def figures(self, subject):
        yield "spread", Figure((1, 1))
        yield "spread", Figure((1, 1))


class DrawsNoFigure(Sound):
    def figures(self, subject):
        yield "spread", None


class DrawsFromTheGenerator(Sound):
    def figures(self, subject):
        torch.randn(1)
        yield "spread", Figure((1, 1))


class TakesAnything(Sound):
    def __init__(self, **kwargs: float):
        pass


def test_accepts_what_keeps_the_contract():
    check_probe(Sound())
    check_probe(Sound(), made_up_subject())


@pytest.mark.parametrize(
    ("subclass", "message"),
    [
        (IsAskedMaybe, "in_validation: expected True or False, got 'sometimes'"),
        (MeasuresNothing, r"numbers by name, got \{\}"),
        (SaysNoNames, r"names: expected the names of all numbers.*, got \(\) for spread, unknown"),
        (MeasuresMoreThanItSays, "names: expected the names of all numbers.* for spread, unknown"),
        (GivesATensor, "floats, finite or nan, got others for spread"),
        (GivesInfinity, "floats, finite or nan, got others for spread"),
        (FailsOnThis, "a subject that it can measure, got FloatingPointError: nan"),
        (DrawsAtRandom, "the same values twice"),
        (Counts, "the same values twice"),
        (UsesUpRandomNumbers, "measure: expected PyTorch's random state to stay"),
        (ChangesTheNetwork, "weights to stay unchanged"),
        (Trains, "training mode to stay unchanged"),
        (LeavesGradients, "no gradients on the network"),
        (DrawsTheSameNameTwice, "distinct names, got spread, spread"),
        (DrawsNoFigure, r"pairs of a name and a figure, got \[\('spread', None\)\]"),
        (DrawsFromTheGenerator, "figures: expected PyTorch's random state to stay"),
        (TakesAnything, r"\(kwargs\): expected named arguments"),
    ],
)
def test_refuses_what_breaks_it(subclass, message):
    with pytest.raises(AssertionError, match=f"{subclass.__name__}.*{message}"):
        check_probe(subclass())
