"""Which spaces are asked, what they see, and who is not asked."""

import copy

import torch

from lightning_modeinterp.data.shapes import Bottleneck, ExactShapes, SimpleShapesDataModule
from lightning_modeinterp.data.shapes.bottleneck import NOISE_TO_SIGNAL, _fresh, features, shares_between
from lightning_modeinterp.data.shapes.height_groups import HIGH, LOW, MIDDLE, OTHER, TWO
from lightning_modeinterp.denoisers import UNet
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.modules import DDPM, subject_of

DATA = SimpleShapesDataModule(image_size=32, area=20.0, size=8, batch_size=4)
NUM_EACH = 12
CPU = torch.device("cpu")


def module(seed=0, **schedule):
    torch.manual_seed(seed)
    network = UNet((1, 32, 32), base_channels=8, channel_multipliers=(1, 1), num_res_blocks=1, head_channels=8)
    return DDPM(network, LinearBetaSchedule(**schedule))


def between_heights(model, num_each=NUM_EACH):
    return Bottleneck(DATA.distribution, num_each).measure(subject_of(model, DATA))


def test_every_space_is_asked_of_every_group_at_every_level():
    values = between_heights(module())
    assert values.keys() == {
        f"between/{space}/{images}/{noise:g}"
        for space in ("bottleneck", "fresh", "pixels")
        for images in ("two", "other", "middle")
        for noise in NOISE_TO_SIGNAL
    }
    assert all(0 <= value <= 1 for value in values.values())


def test_only_the_bottleneck_knows_the_weights():
    first, second = (between_heights(module(seed), 40) for seed in (0, 1))
    same = {name for name in first if first[name] == second[name]}
    assert same >= {name for name in first if "/fresh/" in name or "/pixels/" in name}
    assert not same >= {name for name in first if "/bottleneck/" in name}


def constants(network):
    """Value of each tensor of several weights that are all the same: zeroed layers, norms."""
    several = {name: weights.unique() for name, weights in network.named_parameters() if weights.numel() > 1}
    return {name: values.item() for name, values in several.items() if len(values) == 1}


def test_fresh_weights_are_as_before_any_training():
    trained, new = module().denoiser, module().denoiser
    with torch.no_grad():
        for weights in trained.parameters():
            weights.normal_()
    assert set(constants(new).values()) == {0.0, 1.0}
    assert constants(trained) == {}
    assert constants(_fresh(trained, CPU)) == constants(new)


def test_neither_weights_nor_random_numbers_of_the_run_are_touched():
    model = module()
    before, state = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    between_heights(model)
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(before[name], weights) for name, weights in model.state_dict().items())


def test_levels_that_the_schedule_does_not_reach_are_left_out():
    least = LinearBetaSchedule(num_steps=10, beta_start=0.3, beta_end=0.9).reach[0]
    assert 0.25 < least < 1
    values = between_heights(module(num_steps=10, beta_start=0.3, beta_end=0.9))
    assert {name.rsplit("/")[-1] for name in values} == {"1", "2"}


def test_networks_without_a_bottleneck_are_not_asked():
    exact = DDPM(ExactShapes((1, 32, 32), 20.0), LinearBetaSchedule(), prediction="x_0")
    assert between_heights(exact) == {}
    assert list(Bottleneck(DATA.distribution).figures(subject_of(exact, DATA))) == []


def test_features_are_standardised_and_a_constant_one_stays_nought():
    x_t = torch.cat([torch.randn(120, 3, generator=torch.Generator().manual_seed(0)) * 5 + 2, torch.ones(120, 1)], 1)
    points = features(lambda x, level: x, x_t, None)
    torch.testing.assert_close(points.mean(0), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(points.std(0), torch.tensor([1.0, 1.0, 1.0, 0.0]))


def test_shares_are_those_of_the_images_in_question():
    group = torch.tensor([HIGH] * 40 + [LOW] * 40 + [TWO] * 10 + [OTHER] * 4 + [MIDDLE] * 10)
    points = torch.zeros(len(group), 1)
    points[group == HIGH, 0] = 1 + 0.01 * torch.arange(40)
    points[group == LOW, 0] = -1 - 0.01 * torch.arange(40)
    points[group == OTHER, 0] = torch.tensor([0.0, 3.0, 3.0, -3.0])
    points[group == MIDDLE] = 5.0
    assert shares_between(points, group) == {"two": 1.0, "other": 0.25, "middle": 0.0}


def test_the_figure_has_a_panel_a_level():
    ((name, figure),) = Bottleneck(DATA.distribution, NUM_EACH).figures(subject_of(module(), DATA))
    assert name == "bottleneck"
    assert [axes.get_title("left") for axes in figure.axes] == [f"sigma / alpha {noise:g}" for noise in NOISE_TO_SIGNAL]
