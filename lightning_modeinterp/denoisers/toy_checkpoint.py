"""Networks trained by the released toy code of the mode interpolation paper.

It saves a mapping whose ``model`` is a state dict. All copies of its one temporal layer are in it, numbered, so that a
network with different layers is read in the same way.
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from lightning_modeinterp.denoisers.mlp import MLP
from lightning_modeinterp.errors import ConfigurationError

_LAYER = re.compile(r"temp_fc\.(\d+)\.(\w+)\.(\w+)")
_OF_LAYER = {"norm1": "inner.0", "fc1": "inner.2", "norm2": "outer.0", "fc2": "outer.2", "enc": "time"}
_OTHERS = {"in_fc": "input", "t_proj.0": "time.0", "out_norm": "output.0", "out_fc": "output.1"}
"""Their names of the modules, and ours."""


def load_toy_state_dict(source: str | Path | Mapping[str, Any], num_steps: int = 1000) -> MLP:
    """Make an `MLP` with the weights that the released toy code has saved; its outputs are the same.

    Width, number of layers and whether they are tied are read from the weights.

    Args:
        source: The file, from which only tensors and plain data are unpickled, or its loaded content: the state dict,
            or the mapping with it as ``model``.
        num_steps: Number T of steps that it was trained on, which is not in the file.

    Returns:
        The network, in evaluation mode. It predicts eps, on data in the units that it was trained in. Its time
        frequencies are rounded as theirs; a checkpoint does not hold them.

    Raises:
        ConfigurationError: If there is no such file, it holds more than plain data, or weights of another layout.
    """
    state = _state_of(_read(source) if isinstance(source, str | Path) else source)
    weights = {_our_name(name): tensor for name, tensor in state.items()}
    layers = [
        {name.split(".", 2)[2]: tensor for name, tensor in weights.items() if name.startswith(f"layers.{number}.")}
        for number in sorted({int(match[1]) for match in map(_LAYER.fullmatch, state) if match})
    ]
    if not layers or "input.weight" not in weights or weights["input.weight"].ndim != 2:
        raise _other_layout("in_fc.weight or temp_fc.0")
    is_tied = all(_are_equal(layer, layers[0]) for layer in layers)
    if is_tied:
        weights = {name: tensor for name, tensor in weights.items() if not re.match(r"layers\.[1-9]", name)}
    width, dimension = weights["input.weight"].shape
    model = MLP((dimension,), width, depth=len(layers), is_tied=is_tied, num_steps=num_steps)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise _other_layout(" ".join(str(error).split()[:30])) from error
    model.embedding.frequencies = _their_frequencies(width)
    return model.eval()


def _their_frequencies(width: int) -> Tensor:
    """The frequencies of `SinusoidalEmbedding` up to the last bits, which late steps amplify to 1e-5."""
    num = width // 2
    return torch.exp(-torch.arange(num, dtype=torch.float32) * (math.log(10_000) / (num - 1)))


def _read(path: str | Path) -> Any:
    try:
        return torch.load(path, weights_only=True, map_location="cpu")
    except (RuntimeError, UnpicklingError, EOFError, OSError) as error:
        raise ConfigurationError(
            f"{path}: expected a file of torch.save with tensors and plain data only, got "
            f"{type(error).__name__}; save `model` of the checkpoint alone"
        ) from error


def _state_of(content: Any) -> dict[str, Tensor]:
    state = content.get("model", content) if isinstance(content, Mapping) else None
    if not isinstance(state, Mapping) or not all(isinstance(each, Tensor) for each in state.values()):
        raise _other_layout("no mapping of names to tensors")
    return dict(state)


def _our_name(name: str) -> str:
    if match := _LAYER.fullmatch(name):
        part = _OF_LAYER.get(match[2])
        return f"layers.{match[1]}.{part or match[2]}.{match[3]}"
    part, _, kind = name.rpartition(".")
    return f"{_OTHERS.get(part, part)}.{kind}"


def _are_equal(layer: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    return layer.keys() == other.keys() and all(torch.equal(each, other[name]) for name, each in layer.items())


def _other_layout(problem: str) -> ConfigurationError:
    return ConfigurationError(
        f"load_toy_state_dict: expected in_fc, t_proj, temp_fc, out_norm and out_fc of the released toy code, got "
        f"other weights: {problem}; give the state dict that it saves as `model`"
    )
