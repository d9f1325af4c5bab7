"""Denoisers that break the contract, each in one way."""

import pytest
import torch
from torch import nn

from lightning_modeinterp.denoisers import MLP, Denoiser
from lightning_modeinterp.testing import check_denoiser


class Sound(Denoiser):
    """A small network that keeps the contract; the broken ones below change one thing."""

    def __init__(self, sample_shape: tuple[int, ...], width: int = 8):
        super().__init__(sample_shape)
        size = torch.Size(self.sample_shape).numel()
        self.net = nn.Sequential(nn.Linear(size + 1, width), nn.SiLU(), nn.Linear(width, size))

    def forward(self, x_t, level):
        time = level.t.expand(len(x_t)).unsqueeze(1)
        return self.net(torch.cat([x_t.flatten(1), time], dim=1)).reshape(x_t.shape)


class ZeroAtFirst(Sound):
    def __init__(self, sample_shape: tuple[int, ...]):
        super().__init__(sample_shape)
        nn.init.zeros_(self.net[2].weight)
        nn.init.zeros_(self.net[2].bias)


class MixesTheBatch(ZeroAtFirst):
    def forward(self, x_t, level):
        return super().forward(x_t - x_t.mean(0), level)


class LooksAtItsNeighbour(Sound):
    def forward(self, x_t, level):
        return super().forward(x_t.roll(1, dims=0), level)


class NormalisesTheBatchInEvaluationToo(Sound):
    def __init__(self, sample_shape: tuple[int, ...]):
        super().__init__(sample_shape)
        self.norm = nn.BatchNorm1d(2, track_running_stats=False)

    def forward(self, x_t, level):
        return super().forward(self.norm(x_t) if len(x_t) > 1 else x_t, level)


class TakesOneLevelASample(Sound):
    def forward(self, x_t, level):
        return self.net(torch.cat([x_t, level.t.unsqueeze(1)], dim=1))


class TakesTheFirstSampleOnly(Sound):
    def forward(self, x_t, level):
        return super().forward(x_t[: len(level)], level)


class ReadsLevelsByTheirNumber(Sound):
    def forward(self, x_t, level):
        return super().forward(x_t, level) + (len(level) == 1 < len(x_t))


class Overflows(Sound):
    def forward(self, x_t, level):
        return super().forward(x_t, level) / level.alpha.square().reshape(-1, 1)


class Widens(Sound):
    def forward(self, x_t, level):
        return super().forward(x_t, level).double()


class Flattens(Sound):
    def forward(self, x_t, level):
        return super().forward(x_t, level).flatten()


class WritesIntoItsInput(Sound):
    def forward(self, x_t, level):
        return super().forward(x_t.mul_(0.5), level)


class DropsOutInEvaluationToo(Sound):
    def forward(self, x_t, level):
        return nn.functional.dropout(super().forward(x_t, level), training=True)


class HasAnIdleWeight(Sound):
    def __init__(self, sample_shape: tuple[int, ...]):
        super().__init__(sample_shape)
        self.idle = nn.Parameter(torch.zeros(3))


class PredictsSomethingElse(Sound):
    prediction = "x0"


class KnowsItsShape(Sound):
    def __init__(self):
        super().__init__((2,))


class TakesAnything(Sound):
    def __init__(self, sample_shape: tuple[int, ...], **kwargs: int):
        super().__init__(sample_shape)


@pytest.mark.parametrize("sample_shape", [(2,), (1, 4, 4)])
@pytest.mark.parametrize("subclass", [Sound, ZeroAtFirst])
def test_accepts_what_keeps_the_contract(subclass, sample_shape):
    check_denoiser(subclass(sample_shape))


@pytest.mark.parametrize(
    ("subclass", "message"),
    [
        (MixesTheBatch, "each sample to be independent.* normalise over features"),
        (LooksAtItsNeighbour, "each sample to be independent"),
        (NormalisesTheBatchInEvaluationToo, "each sample to be independent"),
        (
            TakesOneLevelASample,
            r"a level of shape \(1,\) to apply to all samples, got RuntimeError.* let it broadcast",
        ),
        (TakesTheFirstSampleOnly, r"a level of shape \(1,\) to apply to all samples, got another"),
        (ReadsLevelsByTheirNumber, r"a level of shape \(1,\) to apply to all samples, got another"),
        (Overflows, r"finite numbers at every noise level, got others at gamma = \[.*of the schedule of the paper"),
        (Widens, "expected float32 of the shape.* got torch.float64"),
        (Flattens, r"expected float32 of the shape \(5, 2\) of x_t, got torch.float32 of \(10,\)"),
        (WritesIntoItsInput, "expected x_t to stay as it was.* write into a new tensor"),
        (DropsOutInEvaluationToo, "the same output for the same input in evaluation mode"),
        (HasAnIdleWeight, "every weight to affect the output, got no effect of idle"),
        (PredictsSomethingElse, "prediction: expected one of .*'eps', 'x_0', 'v'.*got 'x0'"),
        (TakesAnything, r"\(kwargs\): expected named arguments"),
    ],
)
def test_refuses_what_breaks_it(subclass, message):
    with pytest.raises(AssertionError, match=f"{subclass.__name__}.*{message}"):
        check_denoiser(subclass((2,)))


def test_refuses_a_shape_that_does_not_come_from_the_data():
    with pytest.raises(AssertionError, match="expected an argument `sample_shape`"):
        check_denoiser(KnowsItsShape())


def test_leaves_the_denoiser_as_it_was():
    denoiser = MLP((2,), width=16).train()
    before = {name: values.clone() for name, values in denoiser.state_dict().items()}
    check_denoiser(denoiser)
    assert denoiser.training
    assert all(torch.equal(values, before[name]) for name, values in denoiser.state_dict().items())
    assert all(weights.grad is None for weights in denoiser.parameters())
