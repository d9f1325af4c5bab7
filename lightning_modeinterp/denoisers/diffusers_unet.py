"""The U-Net of the diffusers library as a denoiser."""

from collections.abc import Sequence
from typing import Literal, get_args

from torch import Tensor, nn

from lightning_modeinterp.denoisers.base import Denoiser
from lightning_modeinterp.denoisers.diffusers_library import diffusers_library
from lightning_modeinterp.denoisers.image_checks import check_image, check_one_a_level, check_positive
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel

DownBlock = Literal["DownBlock2D", "AttnDownBlock2D"]
UpBlock = Literal["UpBlock2D", "AttnUpBlock2D"]


class DiffusersUNet(Denoiser):
    """``diffusers.UNet2DModel``; needs ``pip install 'lightning_modeinterp[diffusers]'``. `UNet` is ours.

    Args:
        sample_shape: Shape (C, H, W) of one sample; the command line takes it from the data.
        block_out_channels: Channels per level. From one level to the next, height and width halve.
        layers_per_block: Residual blocks per level in the encoder; one more in the decoder.
        down_block_types: Type of each encoder level: DownBlock2D, or AttnDownBlock2D with self-attention.
        up_block_types: Type of each decoder level, the coarsest first: UpBlock2D, or AttnUpBlock2D.
        norm_num_groups: Groups of each norm; a divisor of the channels.
        attention_head_dim: Channels per attention head; a divisor of the channels of every level with attention and of
            the middle.
        num_steps: Number T of steps on which times are embedded: t in [0, 1] is embedded as step t (T - 1).

    Raises:
        ConfigurationError: If diffusers is not installed, the samples are not images or cannot be halved so often,
            types are unknown or not one per level, or numbers do not divide the channels.
    """

    def __init__(
        self,
        sample_shape: Sequence[int],
        block_out_channels: Sequence[int] = (64, 128),
        layers_per_block: int = 2,
        down_block_types: Sequence[DownBlock] = ("DownBlock2D", "AttnDownBlock2D"),
        up_block_types: Sequence[UpBlock] = ("AttnUpBlock2D", "UpBlock2D"),
        norm_num_groups: int = 32,
        attention_head_dim: int = 8,
        num_steps: int = 1000,
    ) -> None:
        super().__init__(sample_shape)
        check_positive(
            "DiffusersUNet",
            layers_per_block=layers_per_block,
            norm_num_groups=norm_num_groups,
            attention_head_dim=attention_head_dim,
            num_steps=num_steps,
        )
        check_one_a_level("DiffusersUNet", "block_out_channels", block_out_channels)
        halvings = len(block_out_channels) - 1
        why = f"halved {halvings} times for {halvings + 1} block_out_channels"
        check_image("DiffusersUNet", self.sample_shape, 2**halvings, why)
        _check_blocks("down_block_types", down_block_types, get_args(DownBlock), len(block_out_channels))
        _check_blocks("up_block_types", up_block_types, get_args(UpBlock), len(block_out_channels))
        kinds = zip(down_block_types, reversed(up_block_types), strict=True)
        attended = [c for c, kind in zip(block_out_channels, kinds, strict=True) if "Attn" in "".join(kind)]
        _check_divisor("norm_num_groups", norm_num_groups, block_out_channels)
        _check_divisor("attention_head_dim", attention_head_dim, [*attended, block_out_channels[-1]])
        self.num_steps = num_steps
        self.network = _network(
            self.sample_shape,
            block_out_channels=tuple(block_out_channels),
            layers_per_block=layers_per_block,
            down_block_types=tuple(down_block_types),
            up_block_types=tuple(up_block_types),
            norm_num_groups=norm_num_groups,
            attention_head_dim=attention_head_dim,
        )

    def forward(self, x_t: Tensor, level: NoiseLevel) -> Tensor:
        """See `Denoiser.forward`."""
        (output,) = self.network(x_t, level.t * (self.num_steps - 1), return_dict=False)
        return output  # type: ignore[no-any-return]


def _network(sample_shape: Sequence[int], **settings: object) -> nn.Module:
    library = diffusers_library("DiffusersUNet", ", or use UNet, which does not need it")
    channels, height, width = sample_shape
    network: nn.Module = library.UNet2DModel(
        sample_size=(height, width), in_channels=channels, out_channels=channels, **settings
    )
    return network


def _check_blocks(name: str, block_types: Sequence[str], known: Sequence[str], num_levels: int) -> None:
    if len(block_types) != num_levels or not set(block_types) <= set(known):
        raise ConfigurationError(
            f"DiffusersUNet.{name}: expected {' or '.join(known)} for each of {num_levels} levels, got "
            f"{', '.join(block_types) or 'none'}"
        )


def _check_divisor(name: str, divisor: int, channels: Sequence[int]) -> None:
    for num_channels in channels:
        if num_channels % divisor:
            raise ConfigurationError(
                f"DiffusersUNet.{name}: expected a divisor of {num_channels} channels, got {divisor}; use one, or "
                "other block_out_channels"
            )
