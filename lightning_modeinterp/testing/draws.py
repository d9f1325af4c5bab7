"""Repeatable numbers for the checks."""

import torch
from torch import Tensor

from lightning_modeinterp.keyed_noise import keyed_generator


def normal(*shape: int, seed: int = 0) -> Tensor:
    """Standard normal float32 numbers, determined by shape and seed; no global generator is used."""
    return torch.randn(shape, generator=keyed_generator(seed, "testing", 0))
