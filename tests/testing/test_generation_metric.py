"""Metrics that break the contract, each in one way."""

import pytest
import torch

from lightning_modeinterp.data.gaussian import ModeStatistics
from lightning_modeinterp.metrics import GenerationMetric, HallucinationDetection, SupportRates
from lightning_modeinterp.testing import check_generation_metric, made_up_batches


class Sound(GenerationMetric):
    """Mean trajectory variance."""

    def __init__(self):
        super().__init__()
        self.add_state("total", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("num_samples", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, generated):
        self.total = self.total + next(iter(generated.scores.values())).double().sum()
        self.num_samples = self.num_samples + len(generated)

    def compute(self):
        return {"mean_variance": self.total / self.num_samples}


class MeanOfMedians(Sound):
    """Makes one number of a batch, however large it is."""

    def update(self, generated):
        self.total = self.total + generated.scores["variance/last_10"].double().median()
        self.num_samples = self.num_samples + 1


class SumsInFloat16(Sound):
    def update(self, generated):
        for value in generated.scores["variance/last_10"].half():
            self.total = (self.total.half() + value).double()
        self.num_samples = self.num_samples + len(generated)


class LooksAtTheLastBatch(Sound):
    def update(self, generated):
        super().update(generated)
        self.total = self.num_samples * generated.scores["variance/last_10"][-1].double()


class CountsOnItself(Sound):
    def __init__(self):
        super().__init__()
        self.num_seen = 0

    def update(self, generated):
        super().update(generated)
        self.num_seen += len(generated)

    def compute(self):
        return {"mean_variance": self.total / self.num_seen if self.num_seen else torch.tensor(torch.nan)}


class ReducesByTheMean(Sound):
    def __init__(self):
        super().__init__()
        self.add_state("total", torch.zeros((), dtype=torch.float64), dist_reduce_fx="mean")


class CannotBeReduced(Sound):
    def __init__(self):
        super().__init__()
        self.add_state("total", torch.zeros((), dtype=torch.float64), dist_reduce_fx=None)


class NeverForgets(Sound):
    def reset(self):
        kept = self.total
        super().reset()
        self.total = kept


class HasAForwardOfItsOwn(Sound):
    def forward(self, generated):
        self.update(generated)
        return self.compute()


class ForwardOfItsOwnThatCountsNothing(Sound):
    def forward(self, generated):
        alone = Sound()
        alone.update(generated)
        return alone.compute()


class IsCast(Sound):
    def _apply(self, fn, exclude_state=""):
        return super(GenerationMetric, self)._apply(fn, exclude_state)


class GivesAVector(Sound):
    def compute(self):
        return {"variances": self.total.repeat(2)}


class GivesAFloat(Sound):
    def compute(self):
        return {"mean_variance": self.total.item()}


class GivesOneTensor(Sound):
    def compute(self):
        return self.total


class GivesNothing(Sound):
    def compute(self):
        return {}


class FailsWithoutSamples(Sound):
    def compute(self):
        return {"mean_variance": torch.tensor(self.total.item() / self.num_samples.item())}


class LeavesNamesOut(Sound):
    def compute(self):
        return super().compute() if self.num_samples else {}


class WritesIntoTheBatch(Sound):
    def update(self, generated):
        generated.scores["variance/last_10"].log10_()
        super().update(generated)


class AsksForAVerdict(Sound):
    def update(self, generated):
        super().update(generated)
        self.total = self.total + generated.verdict.in_support.sum()


class CountsWhatDiverged(Sound):
    def _wrap_update(self, update):
        return super(GenerationMetric, self)._wrap_update(update)


class TakesAnything(Sound):
    def __init__(self, **kwargs: float):
        super().__init__()


KINDS = ("in_support", "ambiguous", "far")
MEANS = [[0.0] * 4, [1.0] * 4]


@pytest.mark.parametrize(
    "metric",
    [
        Sound(),
        SupportRates(KINDS),
        ModeStatistics(MEANS, [1, 1]),
        HallucinationDetection(("variance/early", "variance/late"), "variance/late"),
        HallucinationDetection(("variance/late", "path"), "path", exact_up_to=0),
    ],
)
def test_accepts_what_keeps_the_contract(metric):
    batches = made_up_batches(KINDS, ("early", "late"), (1, 2, 2), num_modes=2, scores=("path", "other"))
    check_generation_metric(metric, batches, rtol=1e-12)


@pytest.mark.parametrize(
    ("subclass", "message"),
    [
        (MeanOfMedians, "the same values from one batch and from many.* sum counts and values"),
        (SumsInFloat16, "the same values in any order of the batches, got mean_variance = .* in float64"),
        (LooksAtTheLastBatch, "the same values in any order of the batches"),
        (
            CountsOnItself,
            "the same values from several processes and from one.* keep all that `compute` reads in states",
        ),
        (ReducesByTheMean, "the same values from several processes and from one, got mean_variance"),
        (CannotBeReduced, "the same values from several processes and from one"),
        (NeverForgets, "reset: expected to clear everything"),
        (HasAForwardOfItsOwn, "forward: expected the values of the batch alone"),
        (ForwardOfItsOwnThatCountsNothing, "forward: expected to count towards the whole"),
        (IsCast, "the same values when the model around it is cast to bfloat16"),
        (GivesAVector, "scalar tensors, got others for variances"),
        (GivesAFloat, "scalar tensors, got others for mean_variance"),
        (GivesOneTensor, "a dict of names to scalar tensors, got Tensor"),
        (GivesNothing, "a dict of names to scalar tensors"),
        (FailsWithoutSamples, "the same names without samples, got ZeroDivisionError.* give nan"),
        (LeavesNamesOut, r"the same names without samples, got \[\] and not \['mean_variance'\]"),
        (WritesIntoTheBatch, "the batch to stay unchanged, got another variance/last_10"),
        (AsksForAVerdict, "refused with a ConfigurationError, got AttributeError.* self.verdict_of"),
        (CountsWhatDiverged, "samples that diverged to count in no number.* leave `update` to be wrapped"),
        (TakesAnything, r"\(kwargs\): expected named arguments"),
    ],
)
def test_refuses_what_breaks_it(subclass, message):
    with pytest.raises(AssertionError, match=f"{subclass.__name__}.*{message}"):
        check_generation_metric(subclass())


def test_leaves_the_metric_as_it_was():
    metric, batches = Sound(), made_up_batches()
    metric.update(batches[0])
    expected = metric.total.clone()
    check_generation_metric(metric)
    assert (metric.total, metric.num_samples) == (expected, 100)


def test_made_up_batches_hold_every_kind_and_mode():
    names = ("variance/early", "variance/late")
    for batch in made_up_batches(KINDS, ("early", "late"), (1, 2, 2), num_modes=2):
        assert batch.samples.shape == (100, 1, 2, 2)
        assert {name: values.shape for name, values in batch.scores.items()} == dict.fromkeys(names, (100,))
        assert set(batch.verdict.kind.tolist()) == {0, 1, 2}
        assert set(batch.verdict.mode.tolist()) == {0, 1}
        assert len(batch.block.unique()) == 2
