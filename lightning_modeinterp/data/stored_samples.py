"""Training on samples of a model: one generation of a recursion."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor

from lightning_modeinterp.data.batch_loader import BatchedDataset
from lightning_modeinterp.data.datamodule import ModeInterpDataModule, Split
from lightning_modeinterp.data.probe import Probe
from lightning_modeinterp.denoisers import Denoiser
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.filters.kept_samples import content_of, kept_samples, read_kept
from lightning_modeinterp.metrics import FeatureNetwork, GenerationMetric
from lightning_modeinterp.records import GeneratedBatch


class StoredSamples(ModeInterpDataModule):
    """Kept samples as training data; everything else comes from the original data.

    Validation and test data, oracle, metrics, probes, exact score and the limit for divergence come from the original
    data, so every generation is compared with the truth.

    Args:
        original: The data of generation 0.
        folders: Directories that `modeinterp keep` has written; their samples together are the training data.
        num_real: Number of original training samples before them.
        rounded: Round images to integers from 0 to 255, as in a file.
        content: Hash of the samples, independent of their paths; it is filled in if None, and samples with another
            hash are refused.
        batch_size: Global batch size, over all processes.
        seed: Seed of the order. If None, ``seed_everything`` on the command line, else 0.

    Raises:
        ConfigurationError: If a folder holds no kept samples, samples of another shape, or with another hash.
    """

    def __init__(
        self,
        original: ModeInterpDataModule,
        folders: Sequence[str],
        num_real: int = 0,
        rounded: bool = False,
        content: str | None = None,
        batch_size: int = 1_000,
        seed: int | None = None,
    ) -> None:
        super().__init__(batch_size, seed, original.support)
        self.original = original
        self.folders = [Path(folder) for folder in folders]
        self.num_real = num_real
        self.rounded = rounded
        found = content_of(self.folders)
        if content not in (None, found):
            raise ConfigurationError(
                f"data.content: expected the kept samples {content}, got {found} in {', '.join(map(str, folders))}; "
                "give the folders of the original fit"
            )
        self.content = found
        for folder in self.folders:
            shape = tuple(read_kept(folder)["sample_shape"])
            if shape != tuple(self.sample_shape):
                raise ConfigurationError(
                    f"data.folders: expected samples of shape {tuple(self.sample_shape)}, got {shape} in {folder}"
                )
        self._train = self._training_data()
        if not 1 <= batch_size <= len(self._train):
            raise ConfigurationError(
                f"data.batch_size: expected 1 to the {len(self._train)} training samples, got {batch_size}"
            )

    @staticmethod
    def content_of(arguments: Mapping[str, Any]) -> str:
        """See `ModeInterpDataModule.content_of`."""
        return content_of(arguments["folders"])

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """The shape of the original data."""
        return self.original.sample_shape

    def make_dataset(self, split: Split) -> BatchedDataset:
        """Kept samples for training; validation and test data are the original's."""
        return self._train if split == "train" else self.original.served(split)

    def to_data_units(self, samples: Tensor) -> Tensor:
        """See `ModeInterpDataModule.to_data_units`."""
        return self.original.to_data_units(samples)

    def to_model_units(self, samples: Tensor) -> Tensor:
        """See `ModeInterpDataModule.to_model_units`."""
        return self.original.to_model_units(samples)

    def value_range(self) -> tuple[float, float]:
        """The range of the original data, so that the limit for divergence is the same in all generations."""
        return self.original.value_range()

    def exact_denoiser(self) -> Denoiser | None:
        """See `ModeInterpDataModule.exact_denoiser`."""
        return self.original.exact_denoiser()

    def metrics(self) -> list[GenerationMetric]:
        """See `ModeInterpDataModule.metrics`."""
        return self._asked_of_original().metrics()

    def probes(self) -> list[Probe]:
        """See `ModeInterpDataModule.probes`."""
        return self.original.probes()

    def sample_figures(self, drawn: GeneratedBatch) -> Iterator[tuple[str, Figure]]:
        """See `ModeInterpDataModule.sample_figures`."""
        return self._asked_of_original().sample_figures(drawn)

    def test_figures(self, drawn: GeneratedBatch) -> Iterator[tuple[str, Figure]]:
        """See `ModeInterpDataModule.test_figures`."""
        return self._asked_of_original().test_figures(drawn)

    def landmarks(self) -> Tensor | None:
        """See `ModeInterpDataModule.landmarks`."""
        return self.original.landmarks()

    def feature_network(self) -> FeatureNetwork | None:
        """See `ModeInterpDataModule.feature_network`."""
        return self.original.feature_network()

    def _asked_of_original(self) -> ModeInterpDataModule:
        """The original data, for samples of this generation."""
        self.original.generation = self.generation
        return self.original

    def _training_data(self) -> "_Rows":
        parts = [self.to_model_units(self._as_given(kept_samples(folder))) for folder in self.folders]
        if self.num_real:
            real = self.original.served("train")
            if self.num_real > len(real):
                raise ConfigurationError(
                    f"data.num_real: expected at most the {len(real)} training samples of the original data, got "
                    f"{self.num_real}"
                )
            parts.insert(0, real[torch.arange(self.num_real)])
        return _Rows(torch.cat(parts))

    def _as_given(self, samples: Tensor) -> Tensor:
        return samples.round().clamp(0, 255) if self.rounded else samples


class _Rows:
    """Samples in memory, (N, *sample_shape), model units."""

    def __init__(self, samples: Tensor) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: Tensor) -> Tensor:
        return self.samples[index]
