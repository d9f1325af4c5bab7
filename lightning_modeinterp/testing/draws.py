"""Repeatable numbers for the checks."""

import torch
from torch import Tensor

from lightning_modeinterp.keyed_noise import keyed_generator


def normal(*shape: int, seed: int = 0) -> Tensor:
    """Standard normal float32 numbers, the same for the same shape and seed; nothing else is drawn from."""
    return torch.randn(shape, generator=keyed_generator(seed, "testing", 0))
