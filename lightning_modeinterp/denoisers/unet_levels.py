"""The resolutions of a U-Net, and checks of its settings."""

from collections.abc import Sequence
from dataclasses import dataclass

from lightning_modeinterp.denoisers.image_checks import check_image, check_one_a_level
from lightning_modeinterp.errors import ConfigurationError


@dataclass(frozen=True)
class UNetLevel:
    """One resolution of a U-Net.

    Args:
        height: Height of its feature maps, pixels.
        num_channels: Channels of its feature maps.
        has_attention: Whether self-attention follows each of its residual blocks.
    """

    height: int
    num_channels: int
    has_attention: bool


def unet_levels(
    sample_shape: Sequence[int],
    base_channels: int,
    channel_multipliers: Sequence[int],
    attention_resolutions: Sequence[int],
    head_channels: int,
    patch_size: int,
) -> list[UNetLevel]:
    """Levels from the finest to the coarsest; each has half the height and width of the one before.

    Args:
        sample_shape: See `UNet`, also for the others.
        base_channels: Channels at multiplier 1.
        channel_multipliers: One per level.
        attention_resolutions: Heights of the feature maps with attention.
        head_channels: Channels per attention head.
        patch_size: Height and width of the patches that become the pixels of the finest level.

    Raises:
        ConfigurationError: If they do not fit together.

    Example:
        >>> [level.height for level in unet_levels((1, 64, 64), 64, (1, 2), (8,), 32, patch_size=4)]
        [16, 8]
    """
    check_one_a_level("UNet", "channel_multipliers", channel_multipliers)
    halvings = len(channel_multipliers) - 1
    why = f"patch_size {patch_size}, halved {halvings} times for {halvings + 1} channel_multipliers"
    check_image("UNet", sample_shape, patch_size * 2**halvings, why)
    heights = [sample_shape[1] // patch_size // 2**i for i in range(len(channel_multipliers))]
    _check_attention(attention_resolutions, heights)
    levels = [
        UNetLevel(height, base_channels * multiplier, height in attention_resolutions)
        for height, multiplier in zip(heights, channel_multipliers, strict=True)
    ]
    _check_heads(levels, head_channels)
    return levels


def _check_attention(attention_resolutions: Sequence[int], heights: Sequence[int]) -> None:
    for resolution in attention_resolutions:
        if resolution not in heights:
            raise ConfigurationError(
                f"UNet.attention_resolutions: expected heights of feature maps, which are "
                f"{', '.join(map(str, heights))}, got {resolution}; use some of these, or [] for attention in the "
                "middle only"
            )


def _check_heads(levels: Sequence[UNetLevel], head_channels: int) -> None:
    """The coarsest level counts too: the middle always has attention."""
    for level in levels:
        if (level.has_attention or level is levels[-1]) and level.num_channels % head_channels:
            raise ConfigurationError(
                f"UNet.head_channels: expected a divisor of the {level.num_channels} channels at height "
                f"{level.height}, where there is attention, got {head_channels}; use a divisor, or other base_channels"
            )
