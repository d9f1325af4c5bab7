import copy

import pytest
import torch
from torch import nn

from lightning_modeinterp.denoisers import UNet
from lightning_modeinterp.denoisers.unet_blocks import ResidualBlock, SelfAttention
from lightning_modeinterp.records import NoiseLevel
from lightning_modeinterp.testing import check_denoiser

SMALL = {"base_channels": 8, "num_res_blocks": 1, "head_channels": 8}
VARIANTS = [
    {"has_scale_shift_norm": False},
    {"resamples_in_blocks": False},
    {"has_coordinates": True, "patch_size": 2, "attention_resolutions": (4,)},
    {"channel_multipliers": (1,), "attention_resolutions": ()},
    {"channel_multipliers": (2, 1, 3), "num_res_blocks": 2, "attention_resolutions": (16, 4)},
    {"is_channels_last": False},
    {"dropout": 0.3},
]


def make(sample_shape=(1, 16, 16), seed=0, **settings):
    """A small network with other weights than those it begins with, which give zero."""
    torch.manual_seed(seed)
    model = UNet(sample_shape, **(SMALL | settings))
    with torch.no_grad():
        for weights in model.parameters():
            weights.add_(0.1 * torch.randn(weights.shape))
    return model


def images(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def level_at(*times):
    return NoiseLevel(t=torch.tensor(times), gamma=torch.zeros(len(times)))


def num_parameters(model):
    return sum(p.numel() for p in model.parameters())


def on_meta(sample_shape, *args, **settings):
    with torch.device("meta"):
        return num_parameters(UNet(sample_shape, *args, **settings))


@pytest.mark.parametrize("settings", VARIANTS, ids=str)
def test_contract(settings):
    check_denoiser(UNet((1, 16, 16), **(SMALL | settings)))


def test_contract_of_colours_and_unequal_sides():
    check_denoiser(UNet((3, 8, 16), **(SMALL | {"attention_resolutions": (4,)})))


def expected_parameters(width, factors, num_blocks, attended, patch, coordinates=0, scale_shift=True, in_blocks=True):
    """Counted on the way through the U, for grey images; levels whose number is in ``attended`` have attention."""

    def conv(a, b, size=3):
        return size**2 * a * b + b

    def block(a, b):
        norms, time = 2 * a + 2 * b, (4 * width + 1) * b * (2 if scale_shift else 1)
        return norms + time + conv(a, b) + conv(b, b) + (conv(a, b, 1) if a != b else 0)

    def attention(a):
        return 2 * a + conv(a, 3 * a, 1) + conv(a, a, 1)

    def resampled(a):
        return block(a, a) if in_blocks else conv(a, a)

    total = (width + 1) * 4 * width + (4 * width + 1) * 4 * width
    total += conv(patch**2 + coordinates, width)
    h, skips = width, [width]
    for i, factor in enumerate(factors):
        for _ in range(num_blocks):
            total += block(h, factor * width) + (attention(factor * width) if i in attended else 0)
            h = factor * width
            skips.append(h)
        if i < len(factors) - 1:
            total += resampled(h)
            skips.append(h)
    total += 2 * block(h, h) + attention(h)
    for i, factor in reversed(list(enumerate(factors))):
        for _ in range(num_blocks + 1):
            total += block(h + skips.pop(), factor * width) + (attention(factor * width) if i in attended else 0)
            h = factor * width
        total += resampled(h) if i > 0 else 0
    return total + 2 * h + conv(h, patch**2)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"base_channels": 32, "patch_size": 4, "attention_resolutions": (8,)},
            expected_parameters(32, (1, 2), 2, {1}, 4),
        ),
        (
            {"base_channels": 16, "channel_multipliers": (2, 1, 3), "num_res_blocks": 3, "head_channels": 16}
            | {"attention_resolutions": (64, 16), "has_scale_shift_norm": False, "resamples_in_blocks": False},
            expected_parameters(16, (2, 1, 3), 3, {0, 2}, 1, scale_shift=False, in_blocks=False),
        ),
        (
            {"patch_size": 2, "has_coordinates": True, "attention_resolutions": (32,)},
            expected_parameters(64, (1, 2), 2, {0}, 2, coordinates=16),
        ),
    ],
    ids=["small", "as DDPM", "coordinates"],
)
def test_has_as_many_parameters_as_counted(settings, expected):
    assert on_meta((1, 64, 64), **settings) == expected


def test_has_as_many_parameters_as_adm():
    """421 million at 128 px; exactly 552,814,086 in the released network for 256 px without labels."""
    learned_variances, labels = 3 * (3 * 3 * 256 + 1), 1000 * 4 * 256
    at_128 = on_meta((3, 128, 128), 256, (1, 1, 2, 3, 4), 2, (32, 16, 8), head_channels=64)
    at_256 = on_meta((3, 256, 256), 256, (1, 1, 2, 2, 4, 4), 2, (32, 16, 8), head_channels=64)
    assert at_128 + learned_variances + labels == pytest.approx(421e6, abs=1e6)
    assert at_256 + learned_variances == 552_814_086


def test_has_as_many_parameters_as_ddpm():
    """Ho et al. 2020, appendix B: 35.7 million on CIFAR-10."""
    settings = {"has_scale_shift_norm": False, "resamples_in_blocks": False}
    assert on_meta((3, 32, 32), 128, (1, 2, 2, 2), 2, (16,), **settings) == 35_746_307


@pytest.mark.parametrize("settings", [{}, {"channel_multipliers": (2, 1, 3), "num_res_blocks": 2}], ids=str)
def test_the_way_up_is_handed_every_map_of_the_way_down_last_first(settings):
    model = make(**settings)
    maps, handed = [], []
    for stage in (model.stem, *model.down):
        stage.register_forward_hook(lambda _, inputs, output: maps.append(output))
    for stage in model.up:
        stage.register_forward_pre_hook(lambda _, inputs: handed.append(inputs[0]))
    model(images(2, 1, 16, 16), level_at(0.5))
    num_levels, num_blocks = len(settings.get("channel_multipliers", (1, 2))), settings.get("num_res_blocks", 1)
    assert len(maps) == len(handed) == num_levels * (num_blocks + 1)
    for skip, h in zip(reversed(maps), handed, strict=True):
        assert torch.equal(h[:, -skip.shape[1] :], skip)


def test_maps_halve_from_level_to_level():
    model, shapes = make(channel_multipliers=(2, 1, 3)), []
    for stage in model.down:
        stage.register_forward_hook(lambda _, inputs, output: shapes.append(tuple(output.shape[1:])))
    model(images(1, 1, 16, 16), level_at(0.5))
    assert shapes == [(16, 16, 16), (16, 8, 8), (8, 8, 8), (8, 4, 4), (24, 4, 4)]


@pytest.mark.parametrize(
    ("resolutions", "expected"), [((), [4]), ((4,), [4, 4, 4, 4]), ((16,), [16, 4, 16, 16]), ((8, 8), [8, 4, 8, 8])]
)
def test_attention_stands_where_it_is_asked_for_and_in_the_middle(resolutions, expected):
    model, heights = make(channel_multipliers=(1, 1, 1), attention_resolutions=resolutions), []
    for part in model.modules():
        if isinstance(part, SelfAttention):
            part.register_forward_hook(lambda _, inputs, output: heights.append(output.shape[2]))
    model(images(1, 1, 16, 16), level_at(0.5))
    assert heights == expected


def test_begins_at_zero():
    model = UNet((1, 16, 16), **SMALL)
    assert (model(images(2, 1, 16, 16), level_at(0.3)) == 0).all()
    assert model.bottleneck(images(2, 1, 16, 16), level_at(0.3)).std() > 0


@pytest.mark.parametrize("has_coordinates", [True, False])
def test_only_coordinates_tell_pixels_far_from_the_border_apart(has_coordinates):
    """Without the middle eight convolutions lie between input and output, so the border reaches in by eight pixels."""
    model = make((1, 32, 32), channel_multipliers=(1,), attention_resolutions=(), has_coordinates=has_coordinates)
    model.middle = Pass()
    inside = model(torch.ones(1, 1, 32, 32), level_at(0.5))[0, 0, 8:-8, 8:-8]
    if has_coordinates:
        differences = (inside[:, None, :] - inside[None, :, :]).abs().amax(2) + torch.eye(16)
        assert differences.min() > 1e-3  # between any two rows
    else:
        torch.testing.assert_close(inside, inside[:1, :1].expand_as(inside), rtol=0, atol=1e-5)


class Pass(nn.Module):
    def forward(self, h, time):
        return h


def test_patches_put_each_square_of_pixels_into_one():
    model, seen = make((1, 16, 16), patch_size=4, attention_resolutions=(4,)), []
    model.stem[-1].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    x_t = images(2, 1, 16, 16)
    assert model(x_t, level_at(0.5)).shape == x_t.shape
    assert seen[0].shape == (2, 16, 4, 4)
    assert torch.equal(seen[0][1, :, 2, 3], x_t[1, 0, 8:12, 12:16].flatten())


@pytest.mark.parametrize("settings", VARIANTS[:-1], ids=str)
def test_the_bottleneck_is_where_the_way_up_begins(settings):
    model = make(**settings)
    x_t, level, calls, begin = images(3, 1, 16, 16), level_at(0.1, 0.5, 0.9), [], []
    model.up[0].register_forward_pre_hook(lambda _, inputs: begin.append(inputs[0]))
    for part in (*model.up, model.output):
        part.register_forward_hook(lambda *_: calls.append(1))
    features = model.bottleneck(x_t, level)
    assert not calls
    levels = settings.get("channel_multipliers", (1, 2))
    size = 16 // settings.get("patch_size", 1) // 2 ** (len(levels) - 1)
    assert features.shape == (3, 8 * levels[-1], size, size)
    model(x_t, level)
    assert torch.equal(begin[0][:, : features.shape[1]], features)


def test_one_level_stays_one_row_until_it_meets_the_samples():
    model, rows = make(), []
    layers = [model.time, *(part.time for part in model.modules() if isinstance(part, ResidualBlock))]
    for layer in layers:
        layer.register_forward_hook(lambda _, inputs, output: rows.append(len(output)))
    x_t = images(4, 1, 16, 16)
    one = model(x_t, level_at(0.3))
    assert rows == [1] * len(layers)
    torch.testing.assert_close(one, model(x_t, level_at(0.3, 0.3, 0.3, 0.3)))


def test_time_is_embedded_as_a_step_of_the_given_number_and_matters():
    model, seen = make(num_steps=101), []
    model.embedding.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    output = model(images(1, 1, 16, 16).expand(3, -1, -1, -1), level_at(0.0, 0.5, 1.0))
    torch.testing.assert_close(seen[0], torch.tensor([0.0, 50.0, 100.0]))
    assert (output[0] - output[1]).abs().max() > 0.01


def test_the_memory_format_changes_no_more_than_last_bits():
    last, first = make((3, 16, 16)), make((3, 16, 16), is_channels_last=False)
    x_t, level = images(2, 3, 16, 16), level_at(0.2, 0.7)
    torch.testing.assert_close(last(x_t, level), first(x_t, level), rtol=1e-4, atol=1e-5)
    assert last(x_t, level).is_contiguous()
    assert last.bottleneck(x_t, level).is_contiguous()
    weights = last.down[0].parts[0].conv_1.weight
    assert weights.is_contiguous(memory_format=torch.channels_last)
    assert not weights.is_contiguous()
    assert first.down[0].parts[0].conv_1.weight.is_contiguous()


def test_bfloat16_changes_the_output_by_its_rounding():
    model, x_t, level = make(), images(8, 1, 16, 16), level_at(0.3)
    exact = model(x_t, level)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = model(x_t, level)
    rounded.float().square().mean().backward()
    assert rounded.dtype == torch.bfloat16
    assert rounded.isfinite().all()
    assert 0 < (rounded.float() - exact).abs().mean() < 0.05 * exact.abs().mean()
    assert all(weights.grad.isfinite().all() for weights in model.parameters())


def test_compiles_as_one_graph():
    model, x_t, level = make(has_coordinates=True), images(2, 1, 16, 16), level_at(0.3)
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(x_t, level), model(x_t, level))


def test_a_copy_gives_the_same():
    model, x_t, level = make(has_coordinates=True), images(2, 1, 16, 16), level_at(0.3)
    twin = make(seed=1, has_coordinates=True)
    twin.load_state_dict(model.state_dict())
    assert torch.equal(copy.deepcopy(model)(x_t, level), model(x_t, level))
    assert torch.equal(twin(x_t, level), model(x_t, level))


def test_drops_features_in_training_alone():
    model, x_t, level = make(dropout=0.5), images(2, 1, 16, 16), level_at(0.3)
    assert not torch.equal(model(x_t, level), model(x_t, level))
    model.eval()
    assert torch.equal(model(x_t, level), model(x_t, level))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_adm_at_128_px_takes_a_step():
    model = UNet((3, 128, 128), 256, (1, 1, 2, 3, 4), 2, (32, 16, 8), head_channels=64)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
    x_t, level, eps = images(1, 3, 128, 128), level_at(0.5), images(1, 3, 128, 128, seed=1)
    loss = (model(x_t, level) - eps).square().mean()
    loss.backward()
    assert all(weights.grad.isfinite().all() for weights in model.parameters())
    optimizer.step()
    with torch.no_grad():
        assert (model(x_t, level) - eps).square().mean() < loss
