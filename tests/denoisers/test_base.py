"""Every denoiser keeps the contract."""

import tempfile

import pytest
from diffusers import DDPMPipeline, DDPMScheduler

from lightning_modeinterp.data.gaussian import ExactMixture
from lightning_modeinterp.denoisers import MLP, Denoiser, DiffusersFolder, DiffusersUNet, UNet
from lightning_modeinterp.testing import check_denoiser
from tests.families import rows
from tests.own_contracts import others


def of_a_folder():
    with tempfile.TemporaryDirectory() as folder:
        network = DiffusersUNet((1, 8, 8), (8, 16), layers_per_block=1, norm_num_groups=4).network
        DDPMPipeline(network, DDPMScheduler()).save_pretrained(folder)
        return DiffusersFolder((1, 8, 8), folder)


BUILDERS = {
    ExactMixture: lambda: ExactMixture((2,), [[0.0, 0.0], [1.0, 1.0]], std=0.1),
    MLP: lambda: MLP((2,), width=16),
    UNet: lambda: UNet((1, 8, 8), 8, num_res_blocks=1, head_channels=8),
    DiffusersFolder: of_a_folder,
    DiffusersUNet: lambda: DiffusersUNet((1, 8, 8), (8, 16), layers_per_block=1, norm_num_groups=4),
    **rows("DENOISERS"),
}


@pytest.mark.parametrize("subclass", others(Denoiser))
def test_contract(subclass):
    check_denoiser(BUILDERS[subclass]())  # a KeyError here: add a line to BUILDERS for the new denoiser
