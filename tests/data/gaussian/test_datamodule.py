from functools import partial

import pytest
import torch

from lightning_modeinterp.data.gaussian import (
    DensityThreshold,
    GaussianMixtureDataModule,
    GaussianModes,
    ModeStatistics,
    PairInterpolation,
)
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.generation import Generation
from lightning_modeinterp.metrics import HallucinationDetection, SupportRates
from lightning_modeinterp.records import NoiseLevel
from lightning_modeinterp.trajectories import Window

TRIANGLE = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]


def make_data(means=(1.0, 2.0, 3.0), **settings):
    sizes = {"size": 60, "validation_size": 30, "test_size": 12, "batch_size": 20}
    return GaussianMixtureDataModule(means, **{**sizes, **settings})


@pytest.mark.parametrize(("means", "shape"), [([1.0, 2.0], (1,)), (TRIANGLE, (2,)), ([[0.0] * 5], (5,))])
def test_the_shape_of_a_sample_is_that_of_a_mean(means, shape):
    assert make_data(means).sample_shape == shape


def test_splits_have_their_sizes_and_draws_of_their_own():
    data = make_data()
    splits = [data.make_dataset(split).samples for split in ("train", "validation", "test")]
    assert [len(samples) for samples in splits] == [60, 30, 12]
    assert len(torch.cat(splits).unique()) == 102


def test_weights_decide_how_many_samples_a_mode_has():
    samples = make_data(weights=[0.5, 0.2, 0.3]).make_dataset("train").samples
    assert samples[:, 0].round().long().bincount().tolist() == [0, 30, 12, 18]


@pytest.mark.parametrize("means", [[1.0, 2.0, 3.0], TRIANGLE])
def test_the_exact_denoiser_is_that_of_the_mixture(means):
    data = make_data(means, std=0.07, weights=[0.5, 0.2, 0.3])
    level = NoiseLevel(t=torch.tensor([0.5]), gamma=torch.tensor([0.4]))
    x_t = torch.randn(5, *data.sample_shape, generator=torch.Generator().manual_seed(0))
    assert torch.equal(data.exact_denoiser()(x_t, level), data.mixture.posterior_mean(x_t, level).float())


def test_metrics_read_the_scores_of_the_generation():
    data = make_data(TRIANGLE)
    windows = {"late": Window(last_steps=10), "wide": Window(last_steps=50)}
    data.generation = Generation(windows=windows, window="wide", retained=0.9)
    rates, modes, pairs, detection = data.metrics()
    assert isinstance(rates, SupportRates)
    assert isinstance(modes, ModeStatistics)
    assert isinstance(pairs, PairInterpolation)
    assert isinstance(detection, HallucinationDetection)
    assert (detection.scores, detection.main) == (("variance/late", "variance/wide"), "variance/wide")
    assert detection.retained == 0.9


def test_every_call_gives_new_metrics():
    data = make_data()
    assert not set(map(id, data.metrics())) & set(map(id, data.metrics()))


@pytest.mark.parametrize(
    ("means", "has_pairs"),
    [
        pytest.param([1.0], False, id="one in 1D"),
        pytest.param([1.0, 2.0], False, id="two in 1D"),
        pytest.param([[0.0, 0.0]], False, id="one in 2D"),
        pytest.param([[0.0, 0.0], [1.0, 1.0]], True, id="two in 2D"),
        pytest.param([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]], True, id="three on a line"),
        pytest.param(torch.eye(16).tolist(), False, id="too many dimensions to draw from by chance"),
        pytest.param([[0.0] * 5, *(1000 * torch.eye(5)).tolist()], True, id="tubes too thin to be hit by chance"),
    ],
)
def test_metrics_can_be_made_for_any_mixture(means, has_pairs):
    assert len(make_data(means).metrics()) == 3 + has_pairs


def test_a_scale_divides_what_the_model_sees_and_nothing_else():
    plain, scaled = make_data(TRIANGLE), make_data(TRIANGLE, scale=4.0)
    assert torch.equal(scaled.make_dataset("test").samples, plain.make_dataset("test").samples / 4)  # a power of 2
    assert torch.equal(scaled.to_data_units(scaled.make_dataset("test").samples), plain.make_dataset("test").samples)
    assert torch.equal(scaled.mixture.means, plain.mixture.means)
    assert (scaled.support.mixture.std, scaled.exact_denoiser().mixture.std) == (0.05, 0.05 / 4)


def test_pairs_are_counted_for_any_oracle():
    pairs = make_data(TRIANGLE, support=DensityThreshold).pair_interpolation()
    assert pairs.radius == pytest.approx(0.25)
    assert make_data(TRIANGLE, support=partial(GaussianModes, radius=3)).pair_interpolation().radius == (
        pytest.approx(0.15)
    )


def test_the_support_is_made_from_the_mixture():
    data = make_data()
    assert isinstance(data.support, GaussianModes)
    assert data.support.mixture is data.mixture
    other = make_data(support=DensityThreshold)
    assert isinstance(other.support, DensityThreshold)
    assert len(other.metrics()) == 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"std": 0.0}, "std: expected a number > 0"),
        ({"std": -0.05}, "std: expected a number > 0"),
        ({"weights": [0.5, 0.5, 0.5]}, "sum to 1"),
        ({"weights": [0.5, 0.5]}, "one for each of the 3 means"),
        ({"batch_size": 61}, "batch_size from 1 to the 60 training samples"),
        ({"batch_size": 0}, "batch_size from 1 to the 60 training samples"),
        ({"size": 0}, "expected sizes >= 1"),
        ({"validation_size": 0}, "expected sizes >= 1"),
        ({"test_size": -1}, "expected sizes >= 1"),
        ({"means": []}, "means: expected"),
        ({"scale": 0.0}, "expected a scale > 0"),
        ({"scale": float("nan")}, "expected a scale > 0"),
    ],
    ids=str,
)
def test_refuses(settings, message):
    with pytest.raises(ConfigurationError, match=message):
        make_data(**settings)


def test_a_mode_of_weight_0_takes_part_in_nothing():
    data = make_data(TRIANGLE, weights=[0.5, 0.5, 0.0], scale=4.0)
    plain = make_data(TRIANGLE[:2], scale=4.0)
    assert torch.equal(data.make_dataset("train").samples, plain.make_dataset("train").samples)
    assert torch.equal(data.exact_denoiser().mixture.means, plain.exact_denoiser().mixture.means)
    assert data.support.judge(torch.tensor(TRIANGLE)).hallucinated.tolist() == [False, False, True]
    assert data.support.chance_share() == plain.support.chance_share()


@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_what_is_far_outside_what_the_data_span_has_diverged(scale):
    data = make_data([[1.0, 0.0], [3.0, 0.0]], scale=scale)
    low, high = data.value_range()
    values = data.make_dataset("train")[torch.arange(60)]
    assert (low, high) == (values.min().item(), values.max().item())
    middle, half = (low + high) / 2, (high - low) / 2
    near, far = middle + 4.9 * half, middle + 5.1 * half
    samples = torch.tensor([[near, 0.0], [0.0, far], [2 * middle - far, 0.0], [torch.nan, 0.0], [0.0, -torch.inf]])
    assert data.has_diverged(samples).tolist() == [False, True, True, True, True]
