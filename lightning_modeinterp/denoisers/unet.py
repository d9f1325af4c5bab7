"""A U-Net for images, from a small one for a laptop to that of ADM.

An encoder with increasingly coarse feature maps, a middle, and a decoder with a skip connection from every encoder map:

    stem -> stages of each level, halved between levels -> middle -> stages of each level, doubled between -> output

A level of shape (1,) stays one row in all time layers, and is broadcast over the samples last.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lightning_modeinterp.denoisers.base import Denoiser
from lightning_modeinterp.denoisers.embedding import PixelCoordinates, SinusoidalEmbedding
from lightning_modeinterp.denoisers.image_checks import check_positive
from lightning_modeinterp.denoisers.unet_blocks import PartMaker, Stage, ZeroConv2d, group_norm
from lightning_modeinterp.denoisers.unet_levels import UNetLevel, unet_levels
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel


class UNet(Denoiser):
    """Time-conditioned U-Net on images, after ADM (Dhariwal and Nichol 2021).

    ADM for ImageNet at 128 px is base_channels 256, channel_multipliers [1, 1, 2, 3, 4], attention_resolutions
    [32, 16, 8] and head_channels 64: 420 million parameters; theirs also has class labels and learned
    variances.

    Args:
        sample_shape: Shape (C, H, W) of one sample; the command line takes it from the data.
        base_channels: Channels of the feature maps at multiplier 1, and features of the embedded step; even, >= 8.
        channel_multipliers: Channels of each level, in multiples of base_channels. From one level to the next, height
            and width halve.
        num_res_blocks: Residual blocks per encoder level; one more per decoder level.
        attention_resolutions: Heights of the feature maps, in pixels, at which self-attention follows each residual
            block. The middle always has it.
        head_channels: Channels per attention head.
        patch_size: Side of the squares of pixels that become one pixel of the finest feature map, with their pixels as
            channels. A 64 px image in patches of 4 becomes a map of 16 x 16.
        has_coordinates: Append sines and cosines of row and column to the input. Convolutions are translation
            invariant, so without them a pixel far from the border has no position.
        has_scale_shift_norm: Let the time scale and shift features after a norm, as in ADM; else it is added before.
        resamples_in_blocks: Halve and double maps within residual blocks, as in ADM; else by plain convolutions.
        dropout: Dropout rate in each residual block, in [0, 1).
        num_steps: Number T of steps on which times are embedded: t in [0, 1] is embedded as step t (T - 1).
        is_channels_last: Keep feature maps and convolutions in the channels_last memory format; it changes the speed
            and the last bits.

    Raises:
        ConfigurationError: For samples that are not images, sizes that cannot be halved so often, attention at a
            height that does not occur, heads that do not divide the channels, or numbers out of range.
    """

    def __init__(
        self,
        sample_shape: Sequence[int],
        base_channels: int = 64,
        channel_multipliers: Sequence[int] = (1, 2),
        num_res_blocks: int = 2,
        attention_resolutions: Sequence[int] = (),
        head_channels: int = 32,
        patch_size: int = 1,
        has_coordinates: bool = False,
        has_scale_shift_norm: bool = True,
        resamples_in_blocks: bool = True,
        dropout: float = 0.0,
        num_steps: int = 1000,
        is_channels_last: bool = True,
    ) -> None:
        super().__init__(sample_shape)
        check_positive(
            "UNet",
            num_res_blocks=num_res_blocks,
            head_channels=head_channels,
            patch_size=patch_size,
            num_steps=num_steps,
        )
        if base_channels < 8 or base_channels % 2:
            raise ConfigurationError(f"UNet.base_channels: expected an even number >= 8, got {base_channels}")
        if not 0 <= dropout < 1:
            raise ConfigurationError(f"UNet.dropout: expected a share in [0, 1), got {dropout}")
        levels = unet_levels(
            self.sample_shape, base_channels, channel_multipliers, attention_resolutions, head_channels, patch_size
        )
        num_time = 4 * base_channels
        maker = PartMaker(num_time, head_channels, dropout, has_scale_shift_norm, resamples_in_blocks)
        self.num_steps, self.is_channels_last = num_steps, is_channels_last
        self.embedding = SinusoidalEmbedding(base_channels)
        self.time = nn.Sequential(  # ends with the activation that each residual block needs
            nn.Linear(base_channels, num_time), nn.SiLU(), nn.Linear(num_time, num_time), nn.SiLU()
        )
        self.stem = _stem(self.sample_shape, base_channels, patch_size, has_coordinates)
        self.down, skip_channels = _way_down(maker, levels, base_channels, num_res_blocks)
        self.middle = _middle(maker, levels[-1].num_channels)
        self.up = _way_up(maker, levels, skip_channels, num_res_blocks)
        self.output = _output(self.sample_shape[0], levels[0].num_channels, patch_size)
        if is_channels_last:
            self.to(memory_format=torch.channels_last)

    def forward(self, x_t: Tensor, level: NoiseLevel) -> Tensor:
        """See `Denoiser.forward`."""
        h, skips, time = self._to_the_middle(x_t, level)
        for stage in self.up:
            h = stage(torch.cat([h, skips.pop()], dim=1), time)
        output: Tensor = self.output(h)
        return output.contiguous()

    def bottleneck(self, x_t: Tensor, level: NoiseLevel) -> Tensor:
        """Features in the middle of the U, where maps are coarsest; the decoder is not run.

        Args:
            x_t: Noised samples, (B, C, H, W), model units.
            level: Their noise levels, of shape (B,) or (1,).

        Returns:
            (B, F, h, w) with the channels F, height h and width w of the last level.
        """
        return self._to_the_middle(x_t, level)[0].contiguous()

    def _to_the_middle(self, x_t: Tensor, level: NoiseLevel) -> tuple[Tensor, list[Tensor], Tensor]:
        """Features after the middle, those of the encoder, and the time (B or 1, num_time)."""
        time = self.time(self.embedding(level.t * (self.num_steps - 1)))
        if self.is_channels_last:
            x_t = x_t.contiguous(memory_format=torch.channels_last)
        skips = [self.stem(x_t)]
        for stage in self.down:
            skips.append(stage(skips[-1], time))
        return self.middle(skips[-1], time), skips, time


def _stem(sample_shape: Sequence[int], num_out: int, patch_size: int, has_coordinates: bool) -> nn.Sequential:
    channels, height, width = sample_shape
    layers: list[nn.Module] = [nn.PixelUnshuffle(patch_size)]
    num_in = channels * patch_size**2
    if has_coordinates:
        layers.append(PixelCoordinates(height // patch_size, width // patch_size))
        num_in += PixelCoordinates.num_channels
    return nn.Sequential(*layers, nn.Conv2d(num_in, num_out, 3, padding=1))


def _way_down(
    maker: PartMaker, levels: Sequence[UNetLevel], num_channels: int, num_res_blocks: int
) -> tuple[nn.ModuleList, list[int]]:
    """Encoder stages, and the channels of every skip connection, the stem's first."""
    stages, skip_channels = nn.ModuleList(), [num_channels]
    for level in levels:
        if level is not levels[0]:
            stages.append(Stage(maker.half(skip_channels[-1])))
            skip_channels.append(skip_channels[-1])
        for _ in range(num_res_blocks):
            stages.append(Stage(*_block(maker, skip_channels[-1], level)))
            skip_channels.append(level.num_channels)
    return stages, skip_channels


def _middle(maker: PartMaker, num_channels: int) -> Stage:
    first, last = (maker.block(num_channels, num_channels) for _ in range(2))
    return Stage(first, maker.attention(num_channels), last)


def _way_up(
    maker: PartMaker, levels: Sequence[UNetLevel], skip_channels: Sequence[int], num_res_blocks: int
) -> nn.ModuleList:
    """One decoder stage per encoder map, from the last to the first."""
    stages, left, num_channels = nn.ModuleList(), list(skip_channels), skip_channels[-1]
    for level in reversed(levels):
        for i in range(num_res_blocks + 1):
            parts = _block(maker, num_channels + left.pop(), level)
            num_channels = level.num_channels
            if i == num_res_blocks and level is not levels[0]:
                parts.append(maker.double(num_channels))
            stages.append(Stage(*parts))
    return stages


def _block(maker: PartMaker, num_in: int, level: UNetLevel) -> list[nn.Module]:
    block = maker.block(num_in, level.num_channels)
    return [block, maker.attention(level.num_channels)] if level.has_attention else [block]


def _output(num_out: int, num_channels: int, patch_size: int) -> nn.Sequential:
    convolution = ZeroConv2d(num_channels, num_out * patch_size**2, 3, padding=1)
    return nn.Sequential(group_norm(num_channels), nn.SiLU(), convolution, nn.PixelShuffle(patch_size))
