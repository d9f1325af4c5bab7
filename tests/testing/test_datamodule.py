"""Data modules that break the contract, each in one way."""

from functools import partial

import pytest
import torch

from lightning_modeinterp.data import BatchLoader, ModeInterpDataModule
from lightning_modeinterp.data.gaussian import ExactMixture, GaussianMixture, GaussianModes
from lightning_modeinterp.figures import samples_1d
from lightning_modeinterp.keyed_noise import keyed_generator
from lightning_modeinterp.metrics import SupportRates
from lightning_modeinterp.testing import check_datamodule

MIXTURE = GaussianMixture([-10.0, 10.0], std=1.0)  # data units; model units are a tenth


class Sound(ModeInterpDataModule):
    def __init__(self, seed: int | None = None):
        super().__init__(batch_size=20, seed=seed, support=GaussianModes(MIXTURE))

    @property
    def sample_shape(self):
        return (1,)

    def make_dataset(self, split):
        return self.draw(split) / 10

    def draw(self, split):
        return MIXTURE.sample(110, keyed_generator(self.seed, f"data/{split}", 0)).float()

    def to_data_units(self, samples):
        return 10 * samples

    def to_model_units(self, samples):
        return samples / 10

    def exact_denoiser(self):
        return ExactMixture((1,), [-1.0, 1.0], std=0.1)

    def metrics(self):
        return [SupportRates(self.support.kinds)]


class Recorded(Sound):
    """The same samples for any seed."""

    def draw(self, split):
        return MIXTURE.sample(110, keyed_generator(0, f"data/{split}", 0)).float()


class OfFewValues(Sound):
    """Whole numbers: by chance the same ones in every split."""

    def draw(self, split):
        return super().draw(split).round()

    def exact_denoiser(self):
        return None


class DrawsFromTheGlobalGenerator(Sound):
    def draw(self, split):
        return MIXTURE.sample(110, torch.default_generator).float()


class OneSetForAllSplits(Sound):
    def draw(self, split):
        return super().draw("train")


class ValidatesOnTrainingData(Sound):
    def draw(self, split):
        return super().draw("train")[-20:] if split == "validation" else super().draw(split)


class InFloat64(Sound):
    def make_dataset(self, split):
        return super().make_dataset(split).double()


class OfAnotherShape(Sound):
    def make_dataset(self, split):
        return super().make_dataset(split).unsqueeze(1)


class WithNan(Sound):
    def make_dataset(self, split):
        return super().make_dataset(split).log()


class InOrder(Sound):
    def make_dataset(self, split):
        return super().make_dataset(split).sort(dim=0).values


class OneSampleAtATime(Sound):
    def make_dataset(self, split):
        return super().make_dataset(split).tolist()


class ServesHalfBatches(Sound):
    def train_dataloader(self):
        return BatchLoader(self.make_dataset("train"), 10, self.seed, drop_last=True)


class ServesTheSameOrder(Sound):
    def train_dataloader(self):
        return BatchLoader(self.make_dataset("train"), 20, drop_last=True)


class ShufflesWithoutTheSeed(Recorded):
    def train_dataloader(self):
        return BatchLoader(self.make_dataset("train"), 20, 0, drop_last=True)


class LeavesSomeOfTheTestOut(Sound):
    def test_dataloader(self):
        return [BatchLoader(self.make_dataset("test"), 20, drop_last=True), super().test_dataloader()[1]]


class ServesEveryProcessEverything(Sound):
    def val_dataloader(self):
        return [BatchLoader(self.make_dataset("validation"), 20), super().val_dataloader()[1]]


class DrawsByRank(Sound):
    def draw(self, split):
        rank = self.trainer.global_rank if self.trainer else 0
        return MIXTURE.sample(110, keyed_generator(self.seed, f"data/{split}", rank)).float()


class AsksEveryProcessForEverything(Sound):
    def predict_dataloader(self):
        return BatchLoader(torch.arange(-(-self.generation.num_samples // self.generation.block_size)), 1)


class AsksForTooFew(Sound):
    def test_dataloader(self):
        return [super().test_dataloader()[0], self._requests(9)]


class FlattensItsSamples(Sound):
    def to_data_units(self, samples):
        return 10 * samples.flatten()


class ScalesByTheBatch(Sound):
    def to_data_units(self, samples):
        return 10 * samples / samples.abs().max()


class ConvertsInPlace(Sound):
    def to_data_units(self, samples):
        return samples.mul_(10)


class JudgesInModelUnits(Sound):
    def to_data_units(self, samples):
        return samples

    def to_model_units(self, samples):
        return samples


class NeverComesBack(Sound):
    def to_model_units(self, samples):
        return samples


class DenoisesInDataUnits(Sound):
    def exact_denoiser(self):
        return ExactMixture((1,), [-10.0, 10.0], std=1.0)


class DenoisesAnotherShape(Sound):
    def exact_denoiser(self):
        return ExactMixture((2,), [[-1.0, 0.0], [1.0, 0.0]], std=0.1)


class Noise(ExactMixture):
    prediction = "eps"


class DenoisesToNoise(Sound):
    def exact_denoiser(self):
        return Noise((1,), [-1.0, 1.0], std=0.1)


class SharesItsMetrics(Sound):
    def __init__(self, seed: int | None = None):
        super().__init__(seed)
        self.shared = [SupportRates(self.support.kinds)]

    def metrics(self):
        return self.shared


class MeasuresTwice(Sound):
    def metrics(self):
        return [*super().metrics(), *super().metrics()]


class TakesAnything(Sound):
    def __init__(self, seed: int | None = None, **kwargs: int):
        super().__init__(seed)


class OfOddBatches(Sound):
    def __init__(self, seed: int | None = None):
        super().__init__(seed)
        self.batch_size = 15


class TwoFiguresOfOneName(Sound):
    def test_figures(self, drawn):
        yield from self.sample_figures(drawn)


class FiguresOfMany(Sound):
    def sample_figures(self, drawn):
        yield "samples", samples_1d(drawn.samples[1:], drawn.samples)


class FiguresOfVerdicts(Sound):
    def sample_figures(self, drawn):
        yield "samples", samples_1d(drawn.samples, drawn.samples, drawn.verdict.hallucinated)


class MarksInThePlane(Sound):
    def landmarks(self):
        return torch.zeros(3, 2)


class FeaturesInOneRow(Sound):
    def feature_network(self):
        return torch.nn.Flatten(0)


@pytest.mark.parametrize(
    ("make", "is_recorded"), [(Sound, False), (partial(Sound), False), (Recorded, True), (OfFewValues, False)]
)
def test_accepts_what_keeps_the_contract(make, is_recorded):
    check_datamodule(make, is_recorded)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (DrawsFromTheGlobalGenerator, "the same train samples for the same arguments.* keyed_generator"),
        (Recorded, "other train samples for another seed.* or say is_recorded=True"),
        (OneSetForAllSplits, "train and validation to share no samples, got a share of 1"),
        (ValidatesOnTrainingData, "train and validation to share no samples, got a share of 1"),
        (InFloat64, r"float32 samples of sample_shape \(1,\), got torch.float64"),
        (OfAnotherShape, r"float32 samples of sample_shape \(1,\), got torch.float32 of \(1, 1\) in train"),
        (WithNan, "make_dataset: expected finite numbers"),
        (InOrder, "train samples in random order, .* got halves with different means"),
        (OneSampleAtATime, "train data that a tensor of positions can index, got TypeError"),
        (ServesHalfBatches, r"5 batches of the global batch_size 20, got sizes \[10, 10"),
        (ServesTheSameOrder, "a new order at each epoch"),
        (LeavesSomeOfTheTestOut, "an epoch of test to serve every sample .* got 100 of 110"),
        (ServesEveryProcessEverything, r"process 0 of 2 to get items 0, 2, ... of each global batch of validation"),
        (DrawsByRank, r"process 1 of 2 to get items 1, 3, ... of each global batch of train.* depend on neither rank"),
        (AsksEveryProcessForEverything, r"predict_dataloader\(\): expected 2 processes .* got \[0, 0, 1, 1, 2, 2\]"),
        (AsksForTooFew, r"test_dataloader\(\)\[1\]: expected 1 processes .* 0 to 2 once, got \[0, 1\]"),
        (FlattensItsSamples, r"float32 of the shape \(110, 1\) that came in"),
        (ScalesByTheBatch, "independent conversion of samples"),
        (ConvertsInPlace, "samples to stay unchanged"),
        (NeverComesBack, "to_model_units: expected what `to_data_units` was given"),
        (JudgesInModelUnits, "over 0.99 of the train samples in support, got 0"),
        (DenoisesInDataUnits, "no more error than the better of .* in model units"),
        (DenoisesAnotherShape, r"a denoiser of x_0 for samples \(1,\), got x_0 for \(2,\)"),
        (DenoisesToNoise, r"a denoiser of x_0 for samples \(1,\), got eps"),
        (SharesItsMetrics, "a new GenerationMetric at each call, got SupportRates, the same again"),
        (MeasuresTwice, "distinct names, got .*hallucination_rate"),
        (TakesAnything, r"\(kwargs\): expected named arguments"),
        (OfOddBatches, "an even batch_size"),
        (TwoFiguresOfOneName, "figures by distinct names"),
        (FiguresOfMany, "figures of 1 samples, .* got ConfigurationError"),
        (FiguresOfVerdicts, "with or without verdicts, got AttributeError"),
        (MarksInThePlane, r"points of sample_shape \(1,\), got \(3, 2\)"),
        (FeaturesInOneRow, r"features \(N, F\) of 55 samples, got \(55,\)"),
    ],
)
def test_refuses_what_breaks_it(make, message):
    with pytest.raises(AssertionError, match=f"{make.__name__}.*{message}"):
        check_datamodule(make)


def test_refuses_an_order_without_the_seed_for_recorded_data():
    with pytest.raises(AssertionError, match="another order for another seed"):
        check_datamodule(ShufflesWithoutTheSeed, is_recorded=True)
