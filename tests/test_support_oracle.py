"""Every support oracle keeps the contract."""

import pytest
import torch

from lightning_modeinterp.data.gaussian import DensityThreshold, GaussianMixture, GaussianModes
from lightning_modeinterp.data.shapes import ShapeCount, SimpleShapes
from lightning_modeinterp.support_oracle import SupportOracle
from lightning_modeinterp.testing import check_support_oracle
from tests.own_contracts import others

MIXTURE = GaussianMixture([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], std=0.05)
SHAPES = SimpleShapes()


def mixture_samples():
    return MIXTURE.sample(500, generator()), torch.tensor([[0.5, 0.0], [3.0, 3.0], [0.4, 0.4]])


def shape_samples():
    images = SHAPES.sample(300, generator())[0].float()
    return images, torch.stack([images[0].roll(30, 1).maximum(images[0]), torch.full_like(images[0], 255.0)])


def generator():
    return torch.Generator().manual_seed(0)


BUILDERS = {
    DensityThreshold: (lambda: DensityThreshold(MIXTURE), mixture_samples),
    GaussianModes: (lambda: GaussianModes(MIXTURE), mixture_samples),
    ShapeCount: (lambda: ShapeCount(SHAPES), shape_samples),
}


@pytest.mark.parametrize("subclass", others(SupportOracle))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_contract(subclass, dtype):
    # a KeyError here: add a line to BUILDERS for the new oracle
    make_oracle, make_samples = BUILDERS[subclass]
    true_samples, hallucinations = make_samples()
    check_support_oracle(make_oracle(), true_samples.to(dtype), hallucinations.to(dtype))
