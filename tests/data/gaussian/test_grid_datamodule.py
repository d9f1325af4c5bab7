import math

import pytest
import torch

from lightning_modeinterp.data.gaussian import GaussianGridDataModule, PairInterpolation
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel

DIVISOR = math.sqrt(0.05**2 + 8)
ARRANGEMENTS = ["grid", "diamond_as_released", "diamond_same_spacing"]
CHESSBOARD = [0.015625 if i % 2 else 0.0625 for i in range(25)]


def make_data(**settings):
    return GaussianGridDataModule(
        **{"size": 5000, "validation_size": 250, "test_size": 250, "batch_size": 50, **settings}
    )


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_every_arrangement_is_divided_by_the_published_number(arrangement):
    data = make_data(arrangement=arrangement)
    assert data.scale == pytest.approx(DIVISOR)
    assert data.sample_shape == (2,)
    torch.testing.assert_close(data.scaled_mixture.means * DIVISOR, data.mixture.means)
    assert data.scaled_mixture.std == pytest.approx(0.05 / DIVISOR)
    assert data.mixture.std == 0.05


@pytest.mark.parametrize(
    ("arrangement", "spread"),
    [("grid", 1.0), ("diamond_same_spacing", 1.0), ("diamond_as_released", math.sqrt(4.0025) / DIVISOR)],
)
def test_the_model_sees_unit_variance_but_for_the_smaller_diamond(arrangement, spread):
    samples = make_data(arrangement=arrangement).make_dataset("train").samples
    assert samples.std(0, unbiased=False).tolist() == pytest.approx([spread, spread], abs=2e-3)


@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_data_units_are_those_of_the_modes(arrangement):
    data = make_data(arrangement=arrangement)
    samples = data.to_data_units(data.make_dataset("train").samples).double()
    mode = torch.arange(5000) % 25
    offsets = samples - data.mixture.means[mode]
    assert offsets.std().item() == pytest.approx(0.05, rel=0.03)
    assert data.support.judge(samples).mode.equal(mode)


def test_the_exact_denoiser_speaks_model_units():
    data = make_data(weights=CHESSBOARD)
    level = NoiseLevel(t=torch.tensor([0.5]), gamma=torch.tensor([-3.0]))
    x_t = torch.randn(7, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    # Bayes by hand, in model units
    centres, variance = data.mixture.means / DIVISOR, (0.05 / DIVISOR) ** 2
    alpha, sigma = level.alpha.double(), level.sigma.double()
    noised = alpha**2 * variance + sigma**2
    offsets = x_t[:, None] - alpha * centres
    weight = torch.tensor(CHESSBOARD) * torch.exp(-offsets.square().sum(2) / (2 * noised))
    mean = centres + alpha * variance / noised * offsets
    expected = (weight[..., None] * mean).sum(1) / weight.sum(1, keepdim=True)
    torch.testing.assert_close(data.exact_denoiser()(x_t, level), expected, rtol=1e-5, atol=1e-6)


def test_weights_decide_how_many_samples_a_mode_has():
    data = make_data(weights=CHESSBOARD, size=6400)
    mode = data.support.judge(data.to_data_units(data.make_dataset("train").samples)).mode
    assert mode.bincount().tolist() == [100 if i % 2 else 400 for i in range(25)]


def test_it_brings_the_pairs_of_modes():
    (pairs,) = [metric for metric in make_data().metrics() if isinstance(metric, PairInterpolation)]
    assert pairs.radius == pytest.approx(5 * 0.05)
    assert (len(pairs.is_diagonal), int(pairs.is_diagonal.sum())) == (72, 32)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"side": 0}, "expected side >= 1"),
        ({"spacing": 0.0}, "spacing > 0"),
        ({"std": 0.0}, "std: expected a number > 0"),
        ({"weights": [1.0]}, "one for each of the 25 means"),
        ({"arrangement": "ring"}, "arrangement: expected grid"),
        ({"batch_size": 5001}, "batch_size from 1 to the 5000 training samples"),
    ],
    ids=str,
)
def test_refuses(settings, message):
    with pytest.raises(ConfigurationError, match=message):
        make_data(**settings)
