import numpy as np
import pytest
import torch

from lightning_modeinterp.denoisers import MLP
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel


def num_parameters(model):
    return sum(p.numel() for p in model.parameters())


def level_at(*times):
    return NoiseLevel(t=torch.tensor(times), gamma=torch.zeros(len(times)))


@pytest.mark.parametrize(("is_tied", "expected"), [(True, 67_074), (False, 166_658)])
def test_has_as_many_parameters_as_the_authors_network(is_tied, expected):
    assert num_parameters(MLP((2,), is_tied=is_tied)) == expected


@pytest.mark.parametrize("depth", [1, 3, 5])
def test_tied_layers_are_one_layer(depth):
    assert len(MLP((2,), depth=depth).layers) == 1
    assert num_parameters(MLP((2,), depth=depth)) == 67_074
    assert len(MLP((2,), depth=depth, is_tied=False).layers) == depth


@pytest.mark.parametrize("is_tied", [True, False])
def test_every_layer_is_applied(is_tied):
    model, calls = MLP((1,), width=8, depth=3, is_tied=is_tied), []
    for number, layer in enumerate(model.layers):
        layer.register_forward_hook(lambda *_, number=number: calls.append(number))
    model(torch.zeros(2, 1), level_at(0.5))
    assert calls == ([0, 0, 0] if is_tied else [0, 1, 2])


def test_the_untied_network_with_equal_layers_equals_the_tied_one():
    tied, untied = MLP((2,), width=16), MLP((2,), width=16, is_tied=False)
    state = tied.state_dict()
    untied.load_state_dict(
        {name: state["layers.0." + name.split(".", 2)[2] if name.startswith("layers") else name]
         for name in untied.state_dict()}
    )  # fmt: skip
    x_t = torch.randn(4, 2)
    assert torch.equal(untied(x_t, level_at(0.2)), tied(x_t, level_at(0.2)))


def test_forward_equals_numpy():
    model = MLP((2,), width=8, depth=2, has_input_bias=True)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0)))
    p = {name: value.numpy().astype(np.float64) for name, value in model.state_dict().items()}

    def activate(h):
        return np.where(h > 0, h, 0.02 * h)

    def normalise(h, name):
        centred = h - h.mean(1, keepdims=True)
        return centred / np.sqrt(h.var(1, keepdims=True) + 1e-5) * p[f"{name}.weight"] + p[f"{name}.bias"]

    x_t, t = np.array([[0.3, -1.0], [2.0, 0.5]]), np.array([0.25, 0.7])
    angle = (t * 999)[:, None] * 10_000 ** -(np.arange(4) / 3)
    embedding = np.concatenate([np.sin(angle), np.cos(angle)], axis=1)
    time = activate(embedding @ p["time.0.weight"].T + p["time.0.bias"])
    h = x_t @ p["input.weight"].T + p["input.bias"]
    for _ in range(2):
        inner = activate(normalise(h, "layers.0.inner.0")) @ p["layers.0.inner.2.weight"].T
        inner = inner + time @ p["layers.0.time.weight"].T + p["layers.0.time.bias"]
        h = h + activate(normalise(inner, "layers.0.outer.0")) @ p["layers.0.outer.2.weight"].T
    expected = normalise(h, "output.0") @ p["output.1.weight"].T + p["output.1.bias"]
    actual = model(torch.tensor(x_t, dtype=torch.float32), level_at(*t.tolist())).detach().numpy()
    np.testing.assert_allclose(actual, expected, rtol=1e-3, atol=1e-4)


def test_time_is_embedded_as_a_step_of_the_given_number():
    model = MLP((1,), width=8, num_steps=101)
    seen = []
    model.embedding.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    model(torch.zeros(3, 1), level_at(0.0, 0.5, 1.0))
    torch.testing.assert_close(seen[0], torch.tensor([0.0, 50.0, 100.0]))


def test_without_an_input_bias_only_the_sign_of_a_1d_sample_passes_the_layer_norm():
    """Why the bias is a switch: the first LayerNorm divides by the only thing that scales with x."""
    x_t = torch.tensor([[1.0], [3.0]])
    blind, seeing = MLP((1,)), MLP((1,), has_input_bias=True)
    assert blind.input.bias is None
    assert seeing.input.bias.shape == (128,)
    torch.nn.init.normal_(seeing.input.bias)
    after_norm = [model.layers[0].inner[0](model.input(x_t)) for model in (blind, seeing)]
    assert (after_norm[0][0] - after_norm[0][1]).abs().max() < 0.01
    assert (after_norm[1][0] - after_norm[1][1]).abs().max() > 0.1


@pytest.mark.parametrize("shape", [(), (1, 4, 4)])
def test_refuses_samples_that_are_no_vectors(shape):
    with pytest.raises(ConfigurationError, match="MLP: expected vectors"):
        MLP(shape)


@pytest.mark.parametrize("settings", [{"width": 127}, {"width": 2}, {"width": 0}, {"depth": 0}], ids=str)
def test_refuses_a_width_or_depth_that_cannot_be(settings):
    with pytest.raises(ConfigurationError, match="expected an even width >= 4 and depth >= 1"):
        MLP((2,), **settings)
