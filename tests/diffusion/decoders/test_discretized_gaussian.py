import math

import numpy as np
import pytest
import torch

from lightning_modeinterp.diffusion.decoders import DiscretizedGaussianDecoder
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel

DECODER = DiscretizedGaussianDecoder(num_levels=5, low=-2.0, high=2.0)
LEVELS = torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0], dtype=torch.float64)


def level_of(gamma):
    return NoiseLevel(torch.zeros(1), torch.tensor([gamma], dtype=torch.float64))


@pytest.mark.parametrize("gamma", [-10.0, -1.0, 0.0, 3.0])
def test_all_samples_together_have_probability_one(gamma):
    x_0 = torch.cartesian_prod(LEVELS, LEVELS)
    z_0 = torch.tensor([[0.3, -1.7]], dtype=torch.float64).expand(25, 2)
    probability = DECODER.log_likelihood(x_0, z_0, level_of(gamma)).exp()
    assert probability.sum().item() == pytest.approx(1, rel=1e-12)
    assert (probability >= 0).all()


@pytest.mark.parametrize("gamma", [-2.0, 0.5])
def test_equals_its_formula(gamma):
    z_0, alpha = 0.4, math.sqrt(1 / (1 + math.exp(gamma)))
    weights = np.exp(-((LEVELS.numpy() - z_0 / alpha) ** 2) * math.exp(-gamma) / 2)
    z = torch.full((5, 1), z_0, dtype=torch.float64)
    nats = DECODER.log_likelihood(LEVELS[:, None], z, level_of(gamma))
    np.testing.assert_allclose(nats.numpy(), np.log(weights / weights.sum()), rtol=1e-12)


def test_at_low_noise_the_nearest_level_is_certain():
    z_0 = LEVELS[:, None] + torch.tensor([[0.4], [-0.4], [0.4], [-0.4], [0.4]], dtype=torch.float64)
    nats = DECODER.log_likelihood(LEVELS[:, None], z_0, level_of(-8.0))
    assert (nats > -1e-6).all()
    others = DECODER.log_likelihood(LEVELS.roll(1)[:, None], z_0, level_of(-8.0))
    assert (others < -100).all()


@pytest.mark.parametrize("value", [-3.0, 0.5, 2.1, math.inf])
def test_data_off_the_levels_are_refused(value):
    x_0 = torch.tensor([[0.0], [value]], dtype=torch.float64)
    with pytest.raises(ConfigurationError, match=r"expected data on 5 levels from -2.0 to 2.0.* GaussianDecoder"):
        DECODER.log_likelihood(x_0, x_0, level_of(-8.0))


def test_bytes_in_single_precision_are_on_the_levels():
    x_0 = (torch.arange(256) / 127.5 - 1)[:, None]
    level = NoiseLevel(torch.zeros(1), torch.tensor([-13.3]))
    assert (DiscretizedGaussianDecoder().log_likelihood(x_0, x_0 * level.alpha, level) > -0.1).all()


@pytest.mark.parametrize("arguments", [{"num_levels": 1}, {"low": 1.0, "high": 1.0}, {"low": math.nan}])
def test_refuses_levels_that_are_none(arguments):
    with pytest.raises(ConfigurationError, match="expected num_levels >= 2 and low < high"):
        DiscretizedGaussianDecoder(**arguments)
