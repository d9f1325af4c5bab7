"""The data set, and all that belongs to it."""

import math

import torch
from torch import Tensor

from lightning_modeinterp.data import ModeInterpDataModule, Probe, Split
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.keyed_noise import keyed_generator
from lightning_modeinterp.metrics import GenerationMetric, SupportRates
from two_moons.geometry import on_moon, to_data_units, to_model_units
from two_moons.metric import MoonCoverage
from two_moons.probe import GapCrossing
from two_moons.support import NearMoons


class TwoMoons(ModeInterpDataModule):
    """Points near two half circles that reach into each other, as many of each.

    Args:
        noise: Standard deviation of the points about the half circles, data units, > 0.
        size: Number of samples of each split, even.
        batch_size: Global batch size, over all processes; at most ``size``.
        seed: Seed of the data and of their order; None is 0. The command line puts ``seed_everything`` for None.

    Raises:
        ConfigurationError: If a number is out of range.
    """

    support: NearMoons

    def __init__(
        self, noise: float = 0.03, size: int = 20_000, batch_size: int = 1_000, seed: int | None = None
    ) -> None:
        if size % 2 or not 1 <= batch_size <= size:
            raise ConfigurationError(
                f"data: expected an even size and a batch_size from 1 to it, got {size} and {batch_size}"
            )
        super().__init__(batch_size, seed, NearMoons(noise))
        self.noise, self.size = noise, size

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """(2,)."""
        return (2,)

    def make_dataset(self, split: Split) -> Tensor:
        """See `ModeInterpDataModule.make_dataset`."""
        generator = keyed_generator(self.seed, f"two moons/{split}", 0)
        angles = math.pi * torch.rand(2, self.size // 2, generator=generator)
        points = torch.cat([on_moon(moon, angle) for moon, angle in enumerate(angles)])
        samples = points + self.noise * torch.randn(self.size, 2, generator=generator)
        order = torch.randperm(self.size, generator=generator)  # the moons mixed: the first samples stand for all
        return to_model_units(samples[order])

    def to_data_units(self, samples: Tensor) -> Tensor:
        """See `ModeInterpDataModule.to_data_units`."""
        return to_data_units(samples)

    def to_model_units(self, samples: Tensor) -> Tensor:
        """See `ModeInterpDataModule.to_model_units`."""
        return to_model_units(samples)

    def metrics(self) -> list[GenerationMetric]:
        """Rates, detection and how much of the moons is covered; see `ModeInterpDataModule.metrics`."""
        return [SupportRates(self.support.kinds), self.detection(), MoonCoverage()]

    def probes(self) -> list[Probe]:
        """What the model predicts across the gap; see `ModeInterpDataModule.probes`."""
        return [GapCrossing()]
