import math

import pytest
import torch
from torch.distributions import Normal

from lightning_modeinterp.diffusion.decoders import GaussianDecoder
from lightning_modeinterp.records import NoiseLevel


@pytest.mark.parametrize("gamma", [-12.0, -3.0, 1.0])
def test_is_the_normal_density_around_the_rescaled_state(gamma):
    x_0, z_0 = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    level = NoiseLevel(torch.zeros(1), torch.tensor([gamma], dtype=torch.float64))
    alpha_squared = 1 / (1 + math.exp(gamma))
    expected = Normal(z_0 / math.sqrt(alpha_squared), math.exp(gamma / 2)).log_prob(x_0).sum(1)
    torch.testing.assert_close(GaussianDecoder().log_likelihood(x_0, z_0, level), expected)
