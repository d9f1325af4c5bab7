"""The options of the MLP that save time: what they may change, and what not."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from lightning_modeinterp.data.gaussian import GaussianMixture
from lightning_modeinterp.denoisers import MLP
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.keyed_noise import BatchNoise, keyed_generator
from lightning_modeinterp.modules import DDPM
from lightning_modeinterp.records import NoiseLevel
from lightning_modeinterp.testing import check_denoiser

T = 40


def make(seed=0, **options):
    torch.manual_seed(seed)
    model = MLP((2,), width=16, num_steps=T, **options)
    with torch.no_grad():
        for weights in model.parameters():
            weights.add_(0.1 * torch.randn(weights.shape))
    return model


def at_steps(steps):
    return NoiseLevel(steps / (T - 1), torch.zeros(len(steps)))


@pytest.mark.parametrize("is_tied", [True, False])
@pytest.mark.parametrize("batch_size", [T - 1, T, T + 1, 5 * T])
def test_a_time_table_changes_neither_output_nor_gradient_on_the_grid(is_tied, batch_size):
    steps = torch.randint(T, (batch_size,), generator=torch.Generator().manual_seed(1))
    x_t = torch.randn(batch_size, 2)
    outputs, gradients = [], []
    for time_table in (False, True):
        model = make(is_tied=is_tied, time_table=time_table)
        outputs.append(model(x_t, at_steps(steps)))
        outputs[-1].square().mean().backward()
        gradients.append([weights.grad for weights in model.parameters()])
    torch.testing.assert_close(*outputs)
    torch.testing.assert_close(*gradients)


def test_a_time_table_embeds_each_step_once_and_only_where_that_is_less():
    model, seen = make(time_table=True), []
    model.time.register_forward_hook(lambda _, inputs, output: seen.append(len(output)))
    model.layers[0].time.register_forward_hook(lambda _, inputs, output: seen.append(len(output)))
    for batch_size, num_levels in ((5 * T, 5 * T), (3, 3), (5 * T, 1)):
        model(torch.randn(batch_size, 2), at_steps(torch.zeros(num_levels)))
    assert seen == [T, T, 3, 3, 1, 1]  # a tied layer's part is shared by its uses


def test_a_time_table_takes_times_between_two_steps_for_the_nearer_one():
    model, plain = make(time_table=True), make()
    x_t = torch.randn(3, 2)
    torch.testing.assert_close(model(x_t, at_steps(torch.tensor([7.4]))), plain(x_t, at_steps(torch.tensor([7.0]))))


class ProductsByDtype(TorchDispatchMode):
    """Counts matrix products."""

    def __init__(self):
        super().__init__()
        self.counts = {}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func in (torch.ops.aten.mm.default, torch.ops.aten.addmm.default):
            self.counts[args[-1].dtype] = self.counts.get(args[-1].dtype, 0) + 1
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize(("precision", "expected"), [(None, 0), ("bfloat16", 6)])
def test_hidden_precision_reaches_the_two_products_of_each_layer_and_nothing_else(precision, expected):
    model = make(hidden_precision=precision)
    with torch.no_grad(), ProductsByDtype() as products:
        output = model(torch.randn(4, 2), at_steps(torch.zeros(1)))
    assert products.counts.get(torch.bfloat16, 0) == expected
    # input, time, time into the layer that is used three times, two in each use, output
    assert products.counts[torch.float32] == 1 + 1 + 1 + 6 + 1 - expected
    assert output.dtype == torch.float32
    assert {weights.dtype for weights in model.parameters()} == {torch.float32}


def test_hidden_precision_keeps_names_and_weights_and_changes_the_output_by_its_rounding():
    plain, half = make(), make(hidden_precision="bfloat16")
    assert list(plain.state_dict()) == list(half.state_dict())
    x_t, level = torch.randn(200, 2), at_steps(torch.arange(200) % T)
    difference = (plain(x_t, level) - half(x_t, level)).abs()
    assert 0 < difference.max() < 0.1
    assert difference.mean() < 0.02 * plain(x_t, level).abs().mean()


@pytest.mark.parametrize("options", [{"time_table": True}, {"hidden_precision": "bfloat16"}], ids=str)
def test_contract(options):
    if "hidden_precision" in options:
        model = MLP((2,), width=16, **options)
        assert model(torch.randn(5, 2), at_steps(torch.zeros(1))).shape == (5, 2)
    else:
        check_denoiser(MLP((2,), width=16, **options))


def test_refuses_another_precision():
    with pytest.raises(ConfigurationError, match=r"MLP.hidden_precision: expected bfloat16 or null, got float16"):
        MLP((2,), hidden_precision="float16")


def loss_curve(num_steps=150, batch_size=256, seed=0, **options):
    """Losses of a short training; data and noise are the same for all options."""
    torch.manual_seed(seed)
    module = DDPM(MLP((1,), width=32, num_steps=50, **options), LinearBetaSchedule(50, 0.001, 0.2))
    optimizer = torch.optim.Adam(module.parameters(), lr=3e-3)
    x_0 = GaussianMixture([1.0, 2.0, 3.0], 0.05).sample(batch_size, keyed_generator(0, "data", 0)).float()
    losses = []
    for step in range(num_steps):
        loss = module.loss_terms(x_0, BatchNoise(keyed_generator(0, "training", step), batch_size))["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return torch.tensor(losses)


@pytest.mark.parametrize(
    "options", [{"time_table": True}, {"hidden_precision": "bfloat16"}, {"is_fused": True}], ids=str
)
def test_the_loss_curve_stays_the_same_within_what_another_initialisation_changes(options):
    plain, other = loss_curve(), loss_curve(seed=1)
    curve = loss_curve(**options)
    assert plain[-30:].mean() < 0.7 * plain[:5].mean()  # it has learned something
    assert (curve - plain)[-50:].abs().mean() < 0.5 * (other - plain)[-50:].abs().mean()


@pytest.mark.parametrize("options", [{"time_table": True}, {"is_fused": True}], ids=str)
def test_what_changes_the_order_of_sums_begins_with_the_same_losses(options):
    torch.testing.assert_close(loss_curve(10, **options), loss_curve(10), rtol=1e-3, atol=1e-4)
