"""Every support oracle keeps the contract."""

import pytest
import torch

from lightning_modeinterp.data.gaussian import DensityThreshold, GaussianMixture, GaussianModes
from lightning_modeinterp.support_oracle import SupportOracle
from lightning_modeinterp.testing import check_support_oracle
from tests.families import rows
from tests.own_contracts import others

MIXTURE = GaussianMixture([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], std=0.05)


def mixture_samples():
    samples = MIXTURE.sample(500, torch.Generator().manual_seed(0))
    return samples, torch.tensor([[0.5, 0.0], [3.0, 3.0], [0.4, 0.4]])


BUILDERS = {
    DensityThreshold: (lambda: DensityThreshold(MIXTURE), mixture_samples),
    GaussianModes: (lambda: GaussianModes(MIXTURE), mixture_samples),
    **rows("ORACLES"),
}


@pytest.mark.parametrize("subclass", others(SupportOracle))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_contract(subclass, dtype):
    # a KeyError here: add a line to BUILDERS for the new oracle
    make_oracle, make_samples = BUILDERS[subclass]
    true_samples, hallucinations = make_samples()
    check_support_oracle(make_oracle(), true_samples.to(dtype), hallucinations.to(dtype))
