"""Every support oracle keeps the contract."""

import pytest
import torch

from lightning_modeinterp.distributions import GaussianMixture
from lightning_modeinterp.support import DensityThreshold, GaussianModes, SupportOracle
from lightning_modeinterp.testing import check_support_oracle, concrete_subclasses

MIXTURE = GaussianMixture([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], std=0.05)
BUILDERS = {
    DensityThreshold: lambda: DensityThreshold(MIXTURE),
    GaussianModes: lambda: GaussianModes(MIXTURE),
}


@pytest.mark.parametrize("subclass", concrete_subclasses(SupportOracle))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_contract(subclass, dtype):
    true_samples = MIXTURE.sample(500, torch.Generator().manual_seed(0)).to(dtype)
    hallucinations = torch.tensor([[0.5, 0.0], [3.0, 3.0], [0.4, 0.4]], dtype=dtype)
    # a KeyError here: add a line to BUILDERS for the new oracle
    check_support_oracle(BUILDERS[subclass](), true_samples, hallucinations)
