"""Oracles that break the contract, each in one way, on data at 0 and 1."""

import pytest
import torch

from lightning_modeinterp.records import SupportVerdict
from lightning_modeinterp.support_oracle import SupportOracle
from lightning_modeinterp.testing import check_support_oracle

MODES = torch.tensor([0.0, 1.0])
TRUE_SAMPLES = MODES.repeat(100).reshape(-1, 1) + 0.01 * torch.randn(200, 1, generator=torch.Generator().manual_seed(0))
HALLUCINATIONS = torch.tensor([[0.5], [3.0]])


class Sound(SupportOracle):
    def __init__(self, distance: float = 0.1):
        super().__init__(["far"])
        self.distance = distance

    def judge(self, samples):
        nearest, mode = (samples.flatten(1)[:, :1] - MODES).abs().min(dim=1)
        return SupportVerdict(torch.where(nearest <= self.distance, 0, 2).to(torch.int8), mode, self.kinds)


class JudgesByTheBatch(Sound):
    def judge(self, samples):
        return super().judge(samples - samples.mean() + 0.5)


class AsksTheBatchForItsModes(Sound):
    def judge(self, samples):
        verdict = super().judge(samples)
        rank = verdict.mode.unique(return_inverse=True)[1] if len(samples) else verdict.mode
        return SupportVerdict(verdict.kind, rank, self.kinds)


class TakesNanForInside(Sound):
    def judge(self, samples):
        verdict = super().judge(samples)
        far = (samples[:, :1] - MODES).abs().min(dim=1).values > self.distance
        return SupportVerdict(torch.where(far, 2, 0).to(torch.int8), verdict.mode, self.kinds)


class RefusesInfinity(Sound):
    def judge(self, samples):
        if samples.isinf().any():
            raise OverflowError("too far\nout")
        return super().judge(samples)


class CallsInfinityAmbiguous(Sound):
    def judge(self, samples):
        verdict = super().judge(samples)
        kind = verdict.kind.masked_fill(samples.isinf().any(1), 1)
        return SupportVerdict(kind, verdict.mode, self.kinds)


class NeedsSamples(Sound):
    def judge(self, samples):
        samples.max()
        return super().judge(samples)


class AlwaysAnswers(Sound):
    def judge(self, samples):
        return super().judge(samples if len(samples) else torch.zeros(1, 1))


class KnowsNoWayToHallucinate(Sound):
    def __init__(self):
        SupportOracle.__init__(self, [])


class RepeatsAKind(Sound):
    def __init__(self):
        SupportOracle.__init__(self, ["far", "far"])


class RenamesItsKinds(Sound):
    def judge(self, samples):
        verdict = super().judge(samples)
        return SupportVerdict(verdict.kind, verdict.mode, ("good", "unsure", "bad"))


class CountsInInt64(Sound):
    def judge(self, samples):
        verdict = super().judge(samples)
        return SupportVerdict(verdict.kind.long(), verdict.mode, self.kinds)


class JudgesCoordinates(Sound):
    def judge(self, samples):
        verdict = super().judge(samples)
        return SupportVerdict(verdict.kind, verdict.mode.unsqueeze(1), self.kinds)


class CountsFromOne(Sound):
    def judge(self, samples):
        verdict = super().judge(samples)
        return SupportVerdict(verdict.kind + 1, verdict.mode, self.kinds)


class GivesNoMode(Sound):
    def judge(self, samples):
        verdict = super().judge(samples)
        return SupportVerdict(verdict.kind, torch.full_like(verdict.mode, -1), self.kinds)


class WritesIntoTheSamples(Sound):
    def judge(self, samples):
        return super().judge(samples.clamp_(-1, 2))


class DrawsLots(Sound):
    def judge(self, samples):
        verdict = super().judge(samples)
        return SupportVerdict(verdict.kind, torch.randint(100, verdict.mode.shape), self.kinds)


class TakesAnything(Sound):
    def __init__(self, **kwargs: float):
        super().__init__(**kwargs)


@pytest.mark.parametrize("shape", [(1,), (1, 2, 2)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_accepts_what_keeps_the_contract(shape, dtype):
    size = torch.Size(shape).numel()
    samples = [x.to(dtype).repeat(1, size).reshape(-1, *shape) for x in (TRUE_SAMPLES, HALLUCINATIONS)]
    check_support_oracle(Sound(), *samples)


@pytest.mark.parametrize(
    ("oracle", "message"),
    [
        (JudgesByTheBatch(), "each sample to be judged independently, got kind .* use no statistics of the batch"),
        (
            AsksTheBatchForItsModes(),
            "each sample to be judged independently, got kind 0 and mode 0 .* and 0 and 1 among",
        ),
        (TakesNanForInside(), "samples with nan to be hallucinations, got in_support; test whether a sample is inside"),
        (RefusesInfinity(), "samples with inf to be hallucinations, got OverflowError: too far; test"),
        (CallsInfinityAmbiguous(), "samples with inf to be hallucinations, got ambiguous"),
        (NeedsSamples(), "an empty verdict for no samples, got RuntimeError"),
        (AlwaysAnswers(), "an empty verdict for no samples, got 1 verdicts"),
        (KnowsNoWayToHallucinate(), "expected in_support, ambiguous and then distinct kinds of hallucination"),
        (RepeatsAKind(), "expected in_support, ambiguous and then distinct kinds of hallucination"),
        (RenamesItsKinds(), "a verdict in the oracle's kinds .*far.* got .*good"),
        (CountsInInt64(), r"`kind` to be torch.int8 of shape \(202,\), got torch.int64"),
        (JudgesCoordinates(), r"`mode` to be torch.int64 of shape \(202,\), got torch.int64 of \(202, 1\)"),
        (CountsFromOne(), r"expected kinds 0 to 2 and modes from 0 on, got kinds \[1, 3\]"),
        (GivesNoMode(), r"modes from 0 on, got kinds \[0, 2\] and modes \[-1\]"),
        (WritesIntoTheSamples(), "expected samples to stay unchanged"),
        (DrawsLots(), "the same verdict twice"),
        (Sound(distance=0.001), "more than 0.99 of the true samples in support, got 0.0.* widen the support"),
        (Sound(distance=1.0), r"all 2 hallucinations to be detected, got others for the rows \[0\]"),
        (TakesAnything(), r"\(kwargs\): expected named arguments"),
    ],
)
def test_refuses_what_breaks_it(oracle, message):
    with pytest.raises(AssertionError, match=f"{type(oracle).__name__}.*{message}"):
        check_support_oracle(oracle, TRUE_SAMPLES, HALLUCINATIONS)
