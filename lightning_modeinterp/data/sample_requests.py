"""Generation as data: the numbers of the blocks to draw."""

import torch
from torch import Tensor
from torch.utils.data import Dataset


class SampleRequests(Dataset[Tensor]):
    """Numbers of the blocks that cover a number of samples: 0, 1, ...

    The last block may hold more samples than requested; the rest is dropped when drawn, so that N samples are the first
    N of any larger set.

    Args:
        num_samples: Number of samples, >= 0.
        block_size: Samples per block, >= 1.
        blocks: Only these blocks, (n,) int64. All if None.

    Example:
        >>> len(SampleRequests(num_samples=2500, block_size=1024))
        3
    """

    def __init__(self, num_samples: int, block_size: int, blocks: Tensor | None = None) -> None:
        self.blocks = torch.arange(-(-num_samples // block_size)) if blocks is None else blocks

    def __len__(self) -> int:
        return len(self.blocks)

    def __getitem__(self, index: int | Tensor) -> Tensor:
        """Number of one block, or of several with an index tensor (B,), int64."""
        return self.blocks[index]
