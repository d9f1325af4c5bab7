import sys

import pytest
import torch
from diffusers import UNet2DModel

from lightning_modeinterp.denoisers import DiffusersUNet
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel
from lightning_modeinterp.testing import check_denoiser

SMALL = {"block_out_channels": (8, 16), "layers_per_block": 1, "norm_num_groups": 4}


def level_at(*times):
    return NoiseLevel(t=torch.tensor(times), gamma=torch.zeros(len(times)))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"down_block_types": ("DownBlock2D", "DownBlock2D"), "up_block_types": ("UpBlock2D", "UpBlock2D")},
        {"block_out_channels": (8,), "down_block_types": ("AttnDownBlock2D",), "up_block_types": ("UpBlock2D",)},
    ],
    ids=str,
)
def test_contract(settings):
    check_denoiser(DiffusersUNet((3, 8, 16), **(SMALL | settings)))


def test_is_the_network_of_diffusers_at_the_step_of_the_time():
    torch.manual_seed(0)
    model = DiffusersUNet((1, 8, 8), **SMALL, attention_head_dim=4, num_steps=101)
    torch.manual_seed(0)
    theirs = UNet2DModel(
        sample_size=8,
        in_channels=1,
        out_channels=1,
        block_out_channels=(8, 16),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        norm_num_groups=4,
        attention_head_dim=4,
    )
    x_t = torch.randn(2, 1, 8, 8)
    expected = theirs(x_t, torch.tensor([25.0, 100.0])).sample
    torch.testing.assert_close(model(x_t, level_at(0.25, 1.0)), expected)


@pytest.mark.parametrize("shape", [(), (2,), (1, 1, 8, 8)])
def test_refuses_samples_that_are_no_images(shape):
    with pytest.raises(ConfigurationError, match=r"DiffusersUNet: expected images, sample_shape \(C, H, W\), got"):
        DiffusersUNet(shape)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"block_out_channels": ()}, r"block_out_channels: expected a number >= 1 for each level, got \[\]"),
        ({"layers_per_block": 0}, "layers_per_block: expected a number >= 1, got 0"),
        ({"num_steps": 0}, "num_steps: expected a number >= 1, got 0"),
        ({"norm_num_groups": 3}, "norm_num_groups: expected a divisor of 8 channels, got 3"),
        ({"attention_head_dim": 32}, "attention_head_dim: expected a divisor of 16 channels, got 32"),
        (
            {"down_block_types": ("Down", "DownBlock2D")},
            "down_block_types: expected DownBlock2D or AttnDownBlock2D for",
        ),
        (
            {"up_block_types": ("UpBlock2D",)},
            "up_block_types: expected UpBlock2D or AttnUpBlock2D for each of 2 levels",
        ),
    ],
    ids=str,
)
def test_refuses_settings_that_make_no_network(settings, message):
    with pytest.raises(ConfigurationError, match=f"DiffusersUNet.{message}"):
        DiffusersUNet((1, 8, 8), **(SMALL | settings))


def test_refuses_a_size_that_cannot_be_halved():
    with pytest.raises(
        ConfigurationError, match=r"DiffusersUNet: expected a height and width that 2 divides \(halved 1"
    ):
        DiffusersUNet((1, 8, 9), **SMALL)


def test_says_how_to_install_diffusers(monkeypatch):
    monkeypatch.setitem(sys.modules, "diffusers", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'lightning_modeinterp\[diffusers\]', or use UNet"):
        DiffusersUNet((1, 8, 8), **SMALL)
