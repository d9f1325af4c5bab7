"""Batches from memory, in an order that depends only on (seed, epoch), by a loader that saves its position.

A per-item DataLoader costs more than a small network's step, and a plain iterable restarts at its first batch when a
run is resumed in the middle of an epoch.
"""

from collections.abc import Iterator
from typing import Any, Protocol

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.keyed_noise import keyed_generator


class BatchedDataset(Protocol):
    """A data set that can be indexed by a tensor (B,) of positions."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: Tensor) -> Tensor: ...


class BatchLoader:
    """Serve batches of a data set; on several ranks, each rank's part of the same global batches, without padding.

    Item j of a global batch goes to rank ``j mod world_size``. A rank skips a batch in which it has no item, so ranks
    may have different lengths unless ``drop_last`` is set.

    Args:
        dataset: Data set that can be indexed by a tensor of positions.
        batch_size: Global batch size, over all ranks.
        shuffle_seed: Seed of the order, which changes each epoch. The order of the data set if None.
        drop_last: Leave out an incomplete last batch.
        rank: This process.
        world_size: Number of processes; has to divide ``batch_size`` if ``drop_last`` is set.

    Raises:
        ConfigurationError: For a batch size < 1, larger than the data with ``drop_last``, or not divisible.
    """

    def __init__(
        self,
        dataset: BatchedDataset,
        batch_size: int,
        shuffle_seed: int | None = None,
        drop_last: bool = False,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        if batch_size < 1 or (drop_last and batch_size > len(dataset)):
            raise ConfigurationError(f"data.batch_size: expected 1 to the {len(dataset)} samples, got {batch_size}")
        if drop_last and batch_size % world_size:
            raise ConfigurationError(
                f"data.batch_size: expected a multiple of the {world_size} processes, since it is the global "
                f"batch size, got {batch_size}"
            )
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle_seed = shuffle_seed
        self.drop_last = drop_last
        self.rank, self.world_size = rank, world_size
        self._epoch, self._next_batch, self._is_resuming = -1, 0, False

    def __len__(self) -> int:
        """Number of batches of this rank."""
        num_full, num_left = divmod(len(self.dataset), self.batch_size)
        has_part = not self.drop_last and num_left > self.rank
        return num_full * (self.batch_size > self.rank) + has_part

    def __iter__(self) -> Iterator[Tensor]:
        """Batches of the next epoch, or the rest of the one that was loaded."""
        if not self._is_resuming:
            self._epoch, self._next_batch = self._epoch + 1, 0
        self._is_resuming = False
        order = self._order(self._epoch)
        while self._next_batch < len(self):
            start = self._next_batch * self.batch_size
            self._next_batch += 1
            yield self.dataset[order[start : start + self.batch_size][self.rank :: self.world_size]]

    def state_dict(self) -> dict[str, Any]:
        """Position of the loader: the epoch and the next batch in it."""
        return {"epoch": self._epoch, "next_batch": self._next_batch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from the position of another loader."""
        self._epoch, self._next_batch = state["epoch"], state["next_batch"]
        self._is_resuming = 0 < self._next_batch < len(self)

    def _order(self, epoch: int) -> Tensor:
        if self.shuffle_seed is None:
            return torch.arange(len(self.dataset))
        return torch.randperm(len(self.dataset), generator=keyed_generator(self.shuffle_seed, "order", epoch))
