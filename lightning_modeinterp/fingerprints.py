"""Fingerprints: everything that determines a result, as plain data, and how two of them differ."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from lightning_modeinterp.moved_names import with_current_names

MOST_SAID = 200
"""Characters of a value that a message shows."""


def leaves(tree: Any, prefix: str = "") -> dict[str, Any]:
    """Flatten nested mappings to dotted names.

    Example:
        >>> leaves({"model": {"width": 8, "std": (1, 2)}})
        {'model.width': 8, 'model.std': [1, 2]}
    """
    if not isinstance(tree, Mapping):
        return {prefix: list(tree) if isinstance(tree, tuple) else tree}
    flat: dict[str, Any] = {}
    for name, branch in tree.items():
        flat |= leaves(branch, f"{prefix}.{name}" if prefix else str(name))
    return flat


def differences(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Differences of two fingerprints, one phrase each, in the order of the first.

    Old and new names of a moved class are equal. An option that is off (None or False) equals a missing one, since a
    fingerprint of an older version lacks the options that came later.

    Example:
        >>> differences({"seed": 0, "model": {"width": 8}}, {"seed": 1, "model": {"width": 8, "depth": 3}})
        ['seed: expected 0, got 1', 'model.depth: expected nothing, got 3']
        >>> differences({}, {"compile": False})
        []
    """
    old, new = leaves(with_current_names(was)), leaves(with_current_names(now))
    names = [*old, *(name for name in new if name not in old)]
    return [
        f"{name}: expected {_said(old, name)}, got {_said(new, name)}"
        for name in names
        if old.get(name) != new.get(name) and not (_is_off(old.get(name)) and _is_off(new.get(name)))
    ]


def _said(values: Mapping[str, Any], name: str) -> str:
    """A value as a message shows it, shortened."""
    said = str(values.get(name, "nothing"))
    return said if len(said) <= MOST_SAID else f"{said[:MOST_SAID]}..."


def _is_off(value: Any) -> bool:
    return value is None or value is False


def without(values: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The mapping without some names."""
    return {name: value for name, value in values.items() if name not in names}


def weights_sha256(state: Mapping[str, Tensor]) -> str:
    """Checksum of named tensors: names, dtypes, shapes and bytes, independent of the file.

    Example:
        >>> weights_sha256({"w": torch.zeros(2)}) == weights_sha256({"w": torch.zeros(2, 1)})
        False
    """
    digest = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} ".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
