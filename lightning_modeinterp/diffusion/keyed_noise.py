"""Noise and order as functions of a key (seed, purpose, index), never of what was drawn before.

So a block of samples can be drawn again alone, N samples are a prefix of any larger set, and a resumed run draws what
an undisturbed one would have drawn. CPU generators use 32 bits of their seed only. Hashing each key to 32 bits would
make keys collide after some ten thousand of them, so only (seed, purpose) is hashed and the index is added.
"""

import hashlib

import torch


def keyed_generator(seed: int, purpose: str, index: int, device: torch.device | str = "cpu") -> torch.Generator:
    """Generator for the draws of one key.

    Args:
        seed: The user's seed.
        purpose: What the draws are for, such as ``training`` or ``predict``; other purposes give other numbers.
        index: Number of the block, batch or epoch, >= 0.
        device: Where the draws are made. Other kinds of device give other numbers.

    Example:
        >>> a, b = (torch.rand(2, generator=keyed_generator(0, "predict", 7)) for _ in range(2))
        >>> torch.equal(a, b)
        True
    """
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    key = (int.from_bytes(digest[:4], "little") + index) % 2**32
    return torch.Generator(device=device).manual_seed(key)
