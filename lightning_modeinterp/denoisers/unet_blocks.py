"""Modules of a U-Net: residual blocks, self-attention, and layers that halve or double a map.

As in ADM (Dhariwal and Nichol 2021, appendix A and their code). The last convolution or projection of a residual
branch is initialised to zero, so that each branch starts as the identity.
"""

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention, silu

_MAX_GROUPS = 32
_MIN_CHANNELS_IN_A_GROUP = 4  # a group of one channel would lose its mean and its scale


class ResidualBlock(nn.Module):
    """``shortcut(resample(h)) + conv_2(act(norm_2(conv_1(resample(act(norm_1(h)))), time)))``.

    The shortcut is a 1 x 1 convolution if the number of channels changes, else h itself.

    Args:
        num_in: Input channels.
        num_out: Output channels.
        num_time: Features of the time.
        dropout: Dropout rate before the second convolution.
        has_scale_shift_norm: Let the time scale and shift the output of the second norm; else it is added before it.
        resample: Layer that halves or doubles the map; None for neither.
    """

    def __init__(
        self,
        num_in: int,
        num_out: int,
        num_time: int,
        dropout: float,
        has_scale_shift_norm: bool,
        resample: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.has_scale_shift_norm = has_scale_shift_norm
        self.resample = resample or nn.Identity()
        self.shortcut = nn.Identity() if num_in == num_out else nn.Conv2d(num_in, num_out, 1)
        self.norm_1 = group_norm(num_in)
        self.conv_1 = nn.Conv2d(num_in, num_out, 3, padding=1)
        self.time = nn.Linear(num_time, 2 * num_out if has_scale_shift_norm else num_out)
        self.norm_2 = group_norm(num_out)
        self.dropout = nn.Dropout(dropout)
        self.conv_2 = ZeroConv2d(num_out, num_out, 3, padding=1)

    def forward(self, h: Tensor, time: Tensor) -> Tensor:
        """Features (B, num_in, H, W) and time (B or 1, num_time) to (B, num_out, H', W')."""
        branch = self.conv_1(self.resample(silu(self.norm_1(h))))
        branch = self._with_time(branch, self.time(time)[:, :, None, None])
        branch = self.conv_2(self.dropout(silu(branch)))
        return self.shortcut(self.resample(h)) + branch  # type: ignore[no-any-return]

    def _with_time(self, h: Tensor, time: Tensor) -> Tensor:
        if not self.has_scale_shift_norm:
            return self.norm_2(h + time)  # type: ignore[no-any-return]
        scale, shift = time.chunk(2, dim=1)
        return self.norm_2(h) * (1 + scale) + shift  # type: ignore[no-any-return]


class SelfAttention(nn.Module):
    """Residual self-attention of every pixel to all pixels of its map.

    Args:
        num_channels: Input and output channels.
        head_channels: Channels per head; a divisor of these.
    """

    def __init__(self, num_channels: int, head_channels: int) -> None:
        super().__init__()
        self.head_channels = head_channels
        self.norm = group_norm(num_channels)
        self.query_key_value = nn.Linear(num_channels, 3 * num_channels)
        self.projection = ZeroLinear(num_channels, num_channels)

    def forward(self, h: Tensor) -> Tensor:
        """Features (B, C, H, W) to features of that shape."""
        pixels = self.norm(h).flatten(2).transpose(1, 2)  # (B, H W, C)
        heads = self.query_key_value(pixels).unflatten(2, (3, -1, self.head_channels))
        query, key, value = heads.permute(2, 0, 3, 1, 4)  # each (B, heads, H W, head_channels)
        seen = scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        return h + self.projection(seen).transpose(1, 2).unflatten(2, h.shape[2:])  # type: ignore[no-any-return]


class Stage(nn.Module):
    """Modules in sequence; residual blocks among them receive the time.

    Args:
        parts: The modules in order.
    """

    def __init__(self, *parts: nn.Module) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)

    def forward(self, h: Tensor, time: Tensor) -> Tensor:
        """Features (B, C, H, W) and time (B or 1, num_time) to features (B, C', H', W')."""
        for part in self.parts:
            h = part(h, time) if isinstance(part, ResidualBlock) else part(h)
        return h


@dataclass(frozen=True)
class PartMaker:
    """Factory of modules with the settings that all levels share.

    Args:
        num_time: Features of the time.
        head_channels: Channels per attention head.
        dropout: As in `ResidualBlock`.
        has_scale_shift_norm: As in `ResidualBlock`.
        resamples_in_blocks: Halve and double maps within residual blocks, by the mean of 2x2 pixels and by repetition;
            else by a convolution of stride 2, and by repetition and a convolution.
    """

    num_time: int
    head_channels: int
    dropout: float
    has_scale_shift_norm: bool
    resamples_in_blocks: bool

    def block(self, num_in: int, num_out: int, resample: nn.Module | None = None) -> ResidualBlock:
        """A residual block."""
        return ResidualBlock(num_in, num_out, self.num_time, self.dropout, self.has_scale_shift_norm, resample)

    def attention(self, num_channels: int) -> SelfAttention:
        """Self-attention."""
        return SelfAttention(num_channels, self.head_channels)

    def half(self, num_channels: int) -> nn.Module:
        """A module that halves height and width."""
        if self.resamples_in_blocks:
            return self.block(num_channels, num_channels, nn.AvgPool2d(2))
        return nn.Conv2d(num_channels, num_channels, 3, stride=2, padding=1)

    def double(self, num_channels: int) -> nn.Module:
        """A module that doubles height and width."""
        repeat = nn.Upsample(scale_factor=2, mode="nearest")
        if self.resamples_in_blocks:
            return self.block(num_channels, num_channels, repeat)
        return nn.Sequential(repeat, nn.Conv2d(num_channels, num_channels, 3, padding=1))


def group_norm(num_channels: int) -> nn.GroupNorm:
    """Group norm with at most 32 groups of at least four channels each."""
    most = max(1, min(_MAX_GROUPS, num_channels // _MIN_CHANNELS_IN_A_GROUP))
    return nn.GroupNorm(next(n for n in range(most, 0, -1) if num_channels % n == 0), num_channels)


class ZeroConv2d(nn.Conv2d):
    """A convolution initialised to zero, also on reset."""

    def reset_parameters(self) -> None:
        """Set weights and bias to zero."""
        super().reset_parameters()  # draws random numbers, so that later layers get the same ones as without zeros
        _set_to_zero(self)


class ZeroLinear(nn.Linear):
    """A linear layer initialised to zero, also on reset."""

    def reset_parameters(self) -> None:
        """Set weights and bias to zero."""
        super().reset_parameters()  # draws, as above
        _set_to_zero(self)


def _set_to_zero(layer: nn.Module) -> None:
    for weights in layer.parameters():
        nn.init.zeros_(weights)
