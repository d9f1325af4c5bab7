"""Every denoiser keeps the contract."""

import pytest

from lightning_modeinterp.denoisers import MLP, Denoiser, ExactMixture
from lightning_modeinterp.testing import check_denoiser, concrete_subclasses

BUILDERS = {
    ExactMixture: lambda: ExactMixture((2,), [[0.0, 0.0], [1.0, 1.0]], std=0.1),
    MLP: lambda: MLP((2,), width=16),
}


@pytest.mark.parametrize("subclass", concrete_subclasses(Denoiser))
def test_contract(subclass):
    check_denoiser(BUILDERS[subclass]())  # a KeyError here: add a line to BUILDERS for the new denoiser
