"""Every decoder keeps the contract."""

import pytest
import torch

from lightning_modeinterp.diffusion.decoders import Decoder, DiscretizedGaussianDecoder, GaussianDecoder
from lightning_modeinterp.testing import check_decoder
from tests.subclasses import concrete_subclasses

IMAGES = torch.randint(8, (16, 1, 4, 4), generator=torch.Generator().manual_seed(0)) / 3.5 - 1
CASES = {
    GaussianDecoder: (GaussianDecoder, IMAGES + 0.1),
    DiscretizedGaussianDecoder: (lambda: DiscretizedGaussianDecoder(8), IMAGES),
}


@pytest.mark.parametrize("subclass", concrete_subclasses(Decoder))
def test_contract(subclass):
    build, x_0 = CASES[subclass]  # a KeyError here: add a line to CASES for the new decoder
    check_decoder(build(), x_0)
