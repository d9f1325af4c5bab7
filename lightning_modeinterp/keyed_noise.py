"""Noise and order that depend on a key (seed, purpose, index) only, never on earlier draws.

So a block of samples can be redrawn alone, N samples are a prefix of any larger set, and a resumed run draws what an
uninterrupted one would have drawn. CPU generators use only 32 bits of their seed. Hashing each key to 32 bits would
make keys collide after some ten thousand of them, so only (seed, purpose) is hashed and the index is added.
"""

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor


def keyed_generator(seed: int, purpose: str, index: int, device: torch.device | str = "cpu") -> torch.Generator:
    """Generator for the draws of one key.

    Args:
        seed: The user's seed.
        purpose: Use of the draws, such as ``training`` or ``predict``; each purpose has its own noise.
        index: Number of the block, batch or epoch, >= 0.
        device: Device of the draws. Each kind of device gives other numbers.

    Example:
        >>> a, b = (torch.rand(2, generator=keyed_generator(0, "predict", 7)) for _ in range(2))
        >>> torch.equal(a, b)
        True
    """
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    key = (int.from_bytes(digest[:4], "little") + index) % 2**32
    return torch.Generator(device=device).manual_seed(key)


@dataclass(frozen=True)
class BatchNoise:
    """Draws for the samples of a batch; each depends only on the key and the sample's place in the global batch.

    Every process draws for the whole global batch and keeps what belongs to its own samples: rows ``rank``,
    ``rank + world_size``, ... So any number of processes sees the same noise, also in an incomplete batch.

    Args:
        generator: A keyed generator; the only source of randomness.
        num_global: Samples in a full global batch.
        rank: This process.
        world_size: Number of processes.

    Example:
        >>> def draw(rank, world_size):
        ...     noise = BatchNoise(keyed_generator(0, "training", 0), 6, rank, world_size)
        ...     return noise.normal(torch.empty(6 // world_size, 2))
        >>> torch.equal(draw(1, 2), draw(0, 1)[1::2])
        True
    """

    generator: torch.Generator
    num_global: int
    rank: int = 0
    world_size: int = 1

    def normal(self, like: Tensor) -> Tensor:
        """Standard normal draws of the shape (B, ...), device and dtype of this process's samples."""
        shape = (self.num_global, *like.shape[1:])
        return self._own(torch.randn(shape, generator=self.generator, device=like.device, dtype=like.dtype), like)

    def integers(self, high: int, like: Tensor) -> Tensor:
        """One draw from 0 to high - 1 per sample, (B,) int64."""
        return self._own(torch.randint(high, (self.num_global,), generator=self.generator, device=like.device), like)

    def times(self, like: Tensor, is_antithetic: bool) -> Tensor:
        """One time in [0, 1) per sample, uniformly distributed, (B,) in float32 or wider.

        Args:
            like: This process's samples, (B, ...).
            is_antithetic: Spread the times of the B samples of the global batch evenly, ``(u + p / B) mod 1`` with one
                draw u and a permutation p (Kingma et al. 2021, appendix I.1; the permutation is ours, for incomplete
                batches).
        """
        dtype, num_draws = torch.promote_types(like.dtype, torch.float32), 1 if is_antithetic else self.num_global
        times = torch.rand(num_draws, generator=self.generator, device=like.device, dtype=dtype)
        if is_antithetic:
            place = torch.randperm(self.num_global, generator=self.generator, device=like.device)
            times = (times + place.to(dtype) / self.num_global) % 1
        return self._own(times, like)

    def _own(self, draws: Tensor, like: Tensor) -> Tensor:
        own = draws[self.rank :: self.world_size][: len(like)]
        if len(own) < len(like):
            raise ValueError(
                f"expected at most {len(own)} of the {self.num_global} samples of a global batch in process "
                f"{self.rank} of {self.world_size}, got {len(like)}; batch_size is the global batch size"
            )
        return own
