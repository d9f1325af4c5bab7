"""Samples of a Gaussian mixture, in memory."""

import torch
from torch import Tensor
from torch.utils.data import Dataset

from lightning_modeinterp.data.gaussian.mixture import GaussianMixture
from lightning_modeinterp.data.split_generator import split_generator


class GaussianMixtureDataset(Dataset[Tensor]):
    """A fixed set of samples, dependent on mixture, size, seed and split alone.

    Args:
        mixture: The mixture; samples are balanced over modes by `GaussianMixture.modes_of`.
        size: Number of samples, >= 1.
        seed: Seed of the data.
        split: ``train``, ``validation`` or ``test``; each has its own draws.

    Raises:
        ConfigurationError: For size < 1.
    """

    def __init__(self, mixture: GaussianMixture, size: int, seed: int, split: str) -> None:
        self.samples = mixture.sample(size, split_generator(size, seed, split)).to(torch.float32)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int | Tensor) -> Tensor:
        """One sample (d,), or with an index tensor (B,) a whole batch (B, d); data units."""
        return self.samples[index]
