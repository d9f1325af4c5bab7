"""The random generator of a split."""

import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.keyed_noise import keyed_generator


def split_generator(size: int, seed: int, split: str) -> torch.Generator:
    """The only source of randomness of a fixed set of samples, dependent on seed and split alone.

    Args:
        size: Number of samples to draw, >= 1.
        seed: Seed of the data.
        split: ``train``, ``validation`` or ``test``; each has its own draws.

    Raises:
        ConfigurationError: For size < 1.

    Example:
        >>> first, second = (split_generator(2, 0, "train") for _ in range(2))
        >>> bool((torch.rand(2, generator=first) == torch.rand(2, generator=second)).all())
        True
    """
    if size < 1:
        raise ConfigurationError(f"{split} size: expected at least 1 sample, got {size}")
    return keyed_generator(seed, f"data/{split}", 0)
