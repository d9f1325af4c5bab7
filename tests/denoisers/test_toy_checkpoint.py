"""Against an implementation of their layout in numpy, written from its description alone."""

import math

import numpy as np
import pytest
import torch

from lightning_modeinterp.denoisers import load_toy_state_dict
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import NoiseLevel

WIDTH = 16


def made_up(dimension=2, num_layers=3, tied=True, width=WIDTH):
    """A state dict of their layout; a tied layer stands in it once for each time that it is applied."""
    generator = torch.Generator().manual_seed(0)

    def normal(*shape):
        return 0.3 * torch.randn(shape, generator=generator)

    def layer():
        norms = {f"norm{i}.{kind}": normal(width) + (kind == "weight") for i in (1, 2) for kind in ("weight", "bias")}
        products = {f"fc{i}.weight": normal(width, width) for i in (1, 2)}
        return {**norms, **products, "enc.weight": normal(width, width), "enc.bias": normal(width)}

    layers = [layer()] * num_layers if tied else [layer() for _ in range(num_layers)]
    return {
        "in_fc.weight": normal(width, dimension),
        **{f"temp_fc.{i}.{name}": each for i, one in enumerate(layers) for name, each in one.items()},
        "out_norm.weight": normal(width) + 1,
        "out_norm.bias": normal(width),
        "out_fc.weight": normal(dimension, width),
        "out_fc.bias": normal(dimension),
        "t_proj.0.weight": normal(width, width),
        "t_proj.0.bias": normal(width),
    }


def theirs(state, x, step):
    """Outputs (B, d) float64 at whole steps (B,)."""
    p = {name: each.double().numpy() for name, each in state.items()}

    def activate(h):
        return np.maximum(h, 0) + 0.02 * np.minimum(h, 0)

    def norm(h, name):
        h = h - h.mean(axis=1, keepdims=True)
        return p[f"{name}.weight"] * h / np.sqrt((h**2).mean(axis=1, keepdims=True) + 1e-5) + p[f"{name}.bias"]

    half = len(p["t_proj.0.bias"]) // 2
    frequencies = torch.exp(-torch.arange(half).float() * (math.log(10_000) / (half - 1)))  # float32, as theirs
    angles = step[:, None] * frequencies.double().numpy()
    time = activate(np.hstack([np.sin(angles), np.cos(angles)]) @ p["t_proj.0.weight"].T + p["t_proj.0.bias"])
    h = x @ p["in_fc.weight"].T
    for i in range(len({name.split(".")[1] for name in p if name.startswith("temp_fc")})):
        branch = activate(norm(h, f"temp_fc.{i}.norm1")) @ p[f"temp_fc.{i}.fc1.weight"].T
        branch = branch + time @ p[f"temp_fc.{i}.enc.weight"].T + p[f"temp_fc.{i}.enc.bias"]
        h = h + activate(norm(branch, f"temp_fc.{i}.norm2")) @ p[f"temp_fc.{i}.fc2.weight"].T
    return norm(h, "out_norm") @ p["out_fc.weight"].T + p["out_fc.bias"]


@pytest.mark.parametrize("dimension", [1, 2])
@pytest.mark.parametrize(("num_layers", "tied"), [(3, True), (3, False), (1, True), (11, False)])
@pytest.mark.parametrize("num_steps", [1000, 101])
def test_outputs_are_those_of_their_network(dimension, num_layers, tied, num_steps):
    state = made_up(dimension, num_layers, tied)
    model = load_toy_state_dict(state, num_steps)
    assert (len(model.layers), model.depth, model.width) == (1 if tied else num_layers, num_layers, WIDTH)
    assert not model.training
    x, step = np.random.default_rng(0).normal(size=(5, dimension)), np.array([0, 1, 7, num_steps // 2, num_steps - 1])
    level = NoiseLevel(torch.tensor(step / (num_steps - 1)), torch.zeros(5))
    ours = model.double()(torch.tensor(x), level).detach().numpy()
    np.testing.assert_allclose(ours, theirs(state, x, step), rtol=0, atol=1e-6)


def test_float32_as_loaded_is_as_near_as_float32_can_be():
    state = made_up()
    x, step = np.random.default_rng(0).normal(size=(64, 2)), np.arange(64)
    level = NoiseLevel(torch.tensor(step / 999).float(), torch.zeros(64))
    ours = load_toy_state_dict(state)(torch.tensor(x).float(), level).detach().numpy()
    np.testing.assert_allclose(ours, theirs(state, x, step), rtol=0, atol=1e-5)  # sums of float32


@pytest.mark.parametrize("as_path", [str, lambda path: path], ids=["string", "path"])
@pytest.mark.parametrize("whole", [True, False], ids=["checkpoint", "state dict"])
def test_is_read_from_their_file(tmp_path, as_path, whole):
    file, state = tmp_path / "ddpm.pt", made_up()
    torch.save({"model": state, "optimizer": {"state": {}}, "epoch": 3} if whole else state, file)
    loaded = load_toy_state_dict(as_path(file)).state_dict()
    assert torch.equal(loaded["layers.0.outer.2.weight"], state["temp_fc.0.fc2.weight"])


class Evil:
    def __reduce__(self):
        return (print, ("unpickled",))


def test_nothing_is_unpickled(tmp_path, capsys):
    torch.save({"model": made_up(), "more": Evil()}, tmp_path / "ddpm.pt")
    with pytest.raises(ConfigurationError, match=r"plain data only, got UnpicklingError; save `model`"):
        load_toy_state_dict(tmp_path / "ddpm.pt")
    assert capsys.readouterr().out == ""


def without(name):
    return {each: tensor for each, tensor in made_up().items() if each != name}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "in_fc.weight or temp_fc.0"),
        ([1], "no mapping of names to tensors"),
        ({"model": 3}, "no mapping of names to tensors"),
        ({"weight": torch.zeros(2)}, "in_fc.weight or temp_fc.0"),
        (without("out_fc.bias"), r"Missing key\(s\) in state_dict: \"output.1.bias\""),
        (without("temp_fc.1.norm1.weight"), r"Missing key\(s\) in state_dict: \"layers.1.inner.0.weight\""),
        ({**made_up(), "in_fc.bias": torch.zeros(WIDTH)}, r"Unexpected key\(s\) in state_dict: \"input.bias\""),
        ({**made_up(), "temp_fc.0.skip.weight": torch.zeros(WIDTH, WIDTH)}, "layers.0.skip.weight"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_refuses_other_weights(content, message):
    with pytest.raises(ConfigurationError, match=f"got other weights: .*{message}"):
        load_toy_state_dict(content)


def test_refuses_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigurationError, match=r"nowhere.pt: expected a file of torch.save.*FileNotFound"):
        load_toy_state_dict(str(tmp_path / "nowhere.pt"))
