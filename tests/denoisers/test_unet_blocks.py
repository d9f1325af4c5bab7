import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d, group_norm, silu

from lightning_modeinterp.denoisers import unet_blocks
from lightning_modeinterp.denoisers.unet_blocks import PartMaker, ResidualBlock, SelfAttention, Stage


def moved(part, seed=0):
    """The part with other weights than those it begins with, which are zero in part."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weights in part.parameters():
            weights.add_(0.1 * torch.randn(weights.shape, generator=generator))
    return part


def features(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("num_out", [8, 12])
@pytest.mark.parametrize("has_scale_shift_norm", [True, False])
def test_a_residual_block_is_its_formula(num_out, has_scale_shift_norm):
    block = moved(ResidualBlock(8, num_out, 5, 0.0, has_scale_shift_norm))
    p = dict(block.named_parameters())

    def norm(h, name):
        return group_norm(h, h.shape[1] // 4, p[f"{name}.weight"], p[f"{name}.bias"])

    h, time = features(3, 8, 4, 6), features(3, 5)
    inner = conv2d(silu(norm(h, "norm_1")), p["conv_1.weight"], p["conv_1.bias"], padding=1)
    from_time = (time @ p["time.weight"].T + p["time.bias"]).reshape(3, -1, 1, 1)
    if has_scale_shift_norm:
        inner = norm(inner, "norm_2") * (1 + from_time[:, :num_out]) + from_time[:, num_out:]
    else:
        inner = norm(inner + from_time, "norm_2")
    shortcut = h if num_out == 8 else conv2d(h, p["shortcut.weight"], p["shortcut.bias"])
    expected = shortcut + conv2d(silu(inner), p["conv_2.weight"], p["conv_2.bias"], padding=1)
    torch.testing.assert_close(block(h, time), expected, rtol=1e-4, atol=1e-5)


def test_attention_equals_a_softmax_over_all_pixels():
    attention, h = moved(SelfAttention(12, head_channels=4)), features(2, 12, 3, 5)
    p = dict(attention.named_parameters())
    pixels = group_norm(h, 3, p["norm.weight"], p["norm.bias"]).reshape(2, 12, 15).transpose(1, 2)
    query, key, value = (pixels @ p["query_key_value.weight"].T + p["query_key_value.bias"]).split(12, dim=2)
    heads = []
    for head in (slice(0, 4), slice(4, 8), slice(8, 12)):
        weights = torch.softmax(query[..., head] @ key[..., head].transpose(1, 2) / 4**0.5, dim=2)
        heads.append(weights @ value[..., head])
    seen = torch.cat(heads, dim=2) @ p["projection.weight"].T + p["projection.bias"]
    expected = h + seen.transpose(1, 2).reshape(2, 12, 3, 5)
    torch.testing.assert_close(attention(h), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("part", [ResidualBlock(8, 8, 5, 0.0, True), SelfAttention(8, 4)], ids=["block", "attention"])
def test_a_part_begins_as_nothing_added(part):
    h = features(2, 8, 4, 4)
    assert torch.equal(Stage(part)(h, features(2, 5)), h)


def maker(resamples_in_blocks):
    return PartMaker(5, 4, dropout=0.0, has_scale_shift_norm=True, resamples_in_blocks=resamples_in_blocks)


def test_resampling_blocks_begin_as_the_mean_of_squares_and_as_repetition():
    h, time = features(2, 8, 4, 6), features(1, 5)
    halved = Stage(maker(True).half(8))(h, time)
    torch.testing.assert_close(halved, h.reshape(2, 8, 2, 2, 3, 2).mean(dim=(3, 5)))
    doubled = Stage(maker(True).double(8))(h, time)
    torch.testing.assert_close(doubled, h.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3))


def test_resampling_convolutions_halve_and_double():
    h, time = features(2, 8, 4, 6), features(1, 5)
    assert Stage(maker(False).half(8))(h, time).shape == (2, 8, 2, 3)
    assert Stage(maker(False).double(8))(h, time).shape == (2, 8, 8, 12)
    assert not any(isinstance(part, ResidualBlock) for part in (maker(False).half(8), maker(False).double(8)))


@pytest.mark.parametrize(
    ("num_channels", "expected"),
    [(3, 1), (8, 2), (18, 3), (48, 12), (64, 16), (96, 24), (128, 32), (384, 32), (1024, 32)],
)
def test_a_norm_has_at_most_32_groups_of_four_channels_or_more(num_channels, expected):
    norm = unet_blocks.group_norm(num_channels)
    assert isinstance(norm, nn.GroupNorm)
    assert norm.num_groups == expected
