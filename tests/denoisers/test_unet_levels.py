"""Which settings cannot make a U-Net, said before it is built."""

import pytest

from lightning_modeinterp.denoisers import UNet
from lightning_modeinterp.denoisers.unet_levels import UNetLevel, unet_levels
from lightning_modeinterp.errors import ConfigurationError

SMALL = {"base_channels": 8, "num_res_blocks": 1, "head_channels": 8}


def test_levels_halve():
    levels = unet_levels((1, 64, 32), 32, (1, 2, 3), (8, 4), 32, patch_size=4)
    assert levels == [UNetLevel(16, 32, False), UNetLevel(8, 64, True), UNetLevel(4, 96, True)]


@pytest.mark.parametrize("shape", [(), (2,), (16, 16), (1, 1, 16, 16), (0, 16, 16)])
def test_refuses_samples_that_are_no_images(shape):
    with pytest.raises(ConfigurationError, match=r"UNet: expected images, sample_shape \(C, H, W\), got"):
        UNet(shape)


@pytest.mark.parametrize(
    ("shape", "settings", "factor"),
    [((1, 16, 18), {}, 4), ((1, 12, 8), {"patch_size": 2}, 8), ((1, 15, 16), {"channel_multipliers": (1, 1)}, 2)],
)
def test_refuses_a_size_that_cannot_be_halved_so_often(shape, settings, factor):
    with pytest.raises(ConfigurationError, match=rf"expected a height and width that {factor} divides \(patch_size"):
        UNet(shape, **(SMALL | {"channel_multipliers": (1, 1, 1), "attention_resolutions": ()} | settings))


def test_refuses_attention_where_no_map_is_and_says_where_they_are():
    message = (
        r"UNet.attention_resolutions: expected heights of feature maps, which are 16, 8, got 32; use some of these"
    )
    with pytest.raises(ConfigurationError, match=message):
        UNet((1, 64, 64), patch_size=4, attention_resolutions=(8, 32))


@pytest.mark.parametrize(
    ("settings", "channels", "height"),
    [
        ({"attention_resolutions": (16,), "head_channels": 16}, 8, 16),
        ({"attention_resolutions": (), "channel_multipliers": (1, 3), "head_channels": 16}, 24, 8),  # of the middle
    ],
)
def test_refuses_heads_that_do_not_divide_the_channels(settings, channels, height):
    message = f"UNet.head_channels: expected a divisor of the {channels} channels at height {height}, .*got 16"
    with pytest.raises(ConfigurationError, match=message):
        UNet((1, 16, 16), **(SMALL | settings))


def test_heads_need_not_divide_channels_without_attention():
    UNet((1, 16, 16), **(SMALL | {"channel_multipliers": (1, 2), "attention_resolutions": (), "head_channels": 16}))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"base_channels": 6}, "base_channels: expected an even number >= 8, got 6"),
        ({"base_channels": 9}, "base_channels: expected an even number >= 8, got 9"),
        ({"channel_multipliers": ()}, r"channel_multipliers: expected a number >= 1 for each level, got \[\]"),
        ({"channel_multipliers": (1, 0)}, r"channel_multipliers: expected a number >= 1 for each level, got \[1, 0\]"),
        ({"num_res_blocks": 0}, "num_res_blocks: expected a number >= 1, got 0"),
        ({"head_channels": 0}, "head_channels: expected a number >= 1, got 0"),
        ({"patch_size": 0}, "patch_size: expected a number >= 1, got 0"),
        ({"num_steps": 0}, "num_steps: expected a number >= 1, got 0"),
        ({"dropout": 1.0}, r"dropout: expected a share in \[0, 1\), got 1.0"),
        ({"dropout": -0.1}, r"dropout: expected a share in \[0, 1\), got -0.1"),
    ],
    ids=str,
)
def test_refuses_numbers_out_of_their_range(settings, message):
    with pytest.raises(ConfigurationError, match=f"UNet.{message}"):
        UNet((1, 16, 16), **(SMALL | settings))
