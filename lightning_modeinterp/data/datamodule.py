"""The interface of data: a data set with its sizes, units, splits and, if known, its ground truth."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import lightning as L
import torch
from matplotlib.figure import Figure
from torch import Tensor

from lightning_modeinterp.data.batch_loader import BatchedDataset, BatchLoader
from lightning_modeinterp.data.first_batch import looked_at, note_size
from lightning_modeinterp.data.probe import Probe
from lightning_modeinterp.data.row_checks import refuse_rows, refuse_rows_of
from lightning_modeinterp.data.sample_figures import figures_by_shape
from lightning_modeinterp.data.sample_requests import SampleRequests
from lightning_modeinterp.denoisers import Denoiser
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.generation import Generation
from lightning_modeinterp.metrics import FeatureNetwork, GenerationMetric, HallucinationDetection
from lightning_modeinterp.records import GeneratedBatch, not_finite
from lightning_modeinterp.support_oracle import SupportOracle

Split = Literal["train", "validation", "test"]
"""Name of a part of the data."""

NUM_MEASURED = 4096
"""Number of training samples from which the range of the data is taken."""

FAR = 5.0
"""Distance from the middle of the data's range, in half-widths, beyond which a sample has diverged. Ours."""


class ModeInterpDataModule(L.LightningDataModule, ABC):
    """Serves data, and requests for samples.

    fit reads the training data; validate and test read ``[data, requests]``; predict reads requests. The requests
    follow from ``generation``, which the command line sets from the group of that name. A subclass implements
    `make_dataset` and `sample_shape`, and passes ``support`` if the ground truth is known.

    Args:
        batch_size: Global batch size of the data, over all processes.
        seed: Seed of the data and their order. If None, ``seed_everything`` on the command line, else 0.
        support: Oracle that decides what is a hallucination. Generated samples are not judged if None.
    """

    def __init__(self, batch_size: int = 1_000, seed: int | None = None, support: SupportOracle | None = None) -> None:
        super().__init__()
        self.batch_size = batch_size
        self.seed = seed or 0
        self.support = support
        self.generation = Generation()
        self.requested_blocks: Tensor | None = None  # blocks that predict still has to draw; None for all
        self._exact: Denoiser | None = None
        self._value_range: tuple[float, float] | None = None
        # a rank may have no request
        self.allow_zero_length_dataloader_with_multiple_devices = True

    @property
    @abstractmethod
    def sample_shape(self) -> tuple[int, ...]:
        """Shape of one sample, as the network sees it."""

    @abstractmethod
    def make_dataset(self, split: Split) -> BatchedDataset:
        """Data of one split, in model units; it may depend on the constructor's arguments only.

        In random order: the first samples represent all, in figures and for the range of the data.
        """

    def served(self, split: Split) -> BatchedDataset:
        """`make_dataset` as float32 tensors, with the first batch checked; see `looked_at`.

        Raises:
            ConfigurationError: If it cannot be converted.
        """
        return looked_at(self.make_dataset(split), self.sample_shape, self.batch_size, self._name_of(split))

    def refuse_not_finite(self, split: Split) -> None:
        """Search a whole split for a row that is not finite, after a loss that is not.

        Raises:
            ConfigurationError: If there is one.
        """
        refuse_rows_of(self.served(split), self.batch_size, self._name_of(split))

    @staticmethod
    def content_of(arguments: Mapping[str, Any]) -> str | None:
        """Hash of the files that a config names, for its argument ``content``. None by default.

        It identifies data whose files may move: a run can be resumed after a move, but not with other files.
        Arguments with paths have to be named ``root``, ``folder``, ``folders``, ``path``, ``cache`` or
        ``download``.

        Args:
            arguments: ``init_args`` of the data in a config.

        Raises:
            ConfigurationError: If the files are missing.
        """
        return None

    def to_data_units(self, samples: Tensor) -> Tensor:
        """Convert samples (N, *sample_shape) from model units to data units. The identity by default."""
        return samples

    def to_model_units(self, samples: Tensor) -> Tensor:
        """Convert samples (N, *sample_shape) from data units to model units. The identity by default."""
        return samples

    def value_range(self) -> tuple[float, float]:
        """Lowest and highest value of the first training samples, model units."""
        if self._value_range is None:
            dataset = self.served("train")
            values = dataset[torch.arange(min(len(dataset), NUM_MEASURED))]
            refuse_rows(values, 0, self._name_of("train"))
            self._value_range = values.min().item(), values.max().item()
        return self._value_range

    def has_diverged(self, samples: Tensor) -> Tensor:
        """Which samples have diverged: a value is not finite, or far outside the range of the data; see `FAR`.

        It cannot detect a diverged sample within that distance.

        Args:
            samples: (N, *sample_shape), model units.

        Returns:
            (N,) bool.
        """
        low, high = self.value_range()
        is_far = (samples - (low + high) / 2).abs().flatten(1).amax(1) > FAR * (high - low) / 2
        return not_finite(samples) | is_far

    def exact_denoiser(self) -> Denoiser | None:
        """The exact denoiser of these data, if known. None by default."""
        return None

    def exact_denoiser_on(self, device: torch.device) -> Denoiser | None:
        """`exact_denoiser`, made once and moved to a device.

        It is made outside of inference mode: tensors made within have no derivative, which a score may need.
        """
        with torch.inference_mode(False):
            if self._exact is None:
                self._exact = self.exact_denoiser()
            return None if self._exact is None else self._exact.to(device)

    def metrics(self) -> list[GenerationMetric]:
        """Metrics for samples of these data, with the scores in ``generation``. None by default."""
        return []

    def probes(self) -> list[Probe]:
        """Probes for models of these data, new ones at each call. None by default."""
        return []

    def sample_figures(self, drawn: GeneratedBatch) -> Iterator[tuple[str, Figure]]:
        """Names and figures of samples, in validation and test; ``samples`` by default, see `figures_by_shape`.

        Args:
            drawn: At least one sample, in data units, on the CPU, without diverged samples; without verdicts if there
                is no oracle.
        """
        dataset = self.served("test")

        def first(number: int) -> Tensor:
            return self.to_data_units(dataset[torch.arange(min(len(dataset), number))])

        yield from figures_by_shape(drawn, first)

    def test_figures(self, drawn: GeneratedBatch) -> Iterator[tuple[str, Figure]]:
        """Names and figures of a test only, besides `sample_figures`. None by default."""
        yield from ()

    def landmarks(self) -> Tensor | None:
        """Points to mark in figures of paths, such as centres, (K, *sample_shape), model units. None by default."""
        return None

    def feature_network(self) -> FeatureNetwork | None:
        """The network whose features `fidelity` compares, for samples in data units. None by default."""
        return None

    def detection(self) -> HallucinationDetection:
        """The metric that evaluates the scores in ``generation``, for `metrics`."""
        asked = self.generation
        return HallucinationDetection(asked.score_names, asked.score, asked.retained)

    def check_generation(self) -> None:
        """Raise a `ConfigurationError` if a score in ``generation`` has a name that the oracle uses."""
        if self.support:
            self.generation.check_details(
                self.support.judge(self.to_data_units(torch.zeros(1, *self.sample_shape))).details
            )

    def train_dataloader(self) -> BatchLoader:
        """Shuffled batches, without an incomplete last one."""
        dataset = self.served("train")
        note_size(dataset, self.batch_size, self._name_of("train"))
        return self._loader(dataset, self.batch_size, shuffle_seed=self.seed, drop_last=True)

    def val_dataloader(self) -> list[BatchLoader]:
        """Validation data, and requests for the monitor's samples."""
        return [self._data("validation"), self._requests(self.generation.monitor.num_samples)]

    def test_dataloader(self) -> list[BatchLoader]:
        """Test data, and requests for all samples."""
        return [self._data("test"), self._requests(self.generation.num_samples)]

    def predict_dataloader(self) -> BatchLoader:
        """Requests for all samples, or for the missing ones."""
        return self._requests(self.generation.num_samples, self.requested_blocks)

    def _data(self, split: Split) -> BatchLoader:
        dataset = self.served(split)
        if len(dataset) < self._world_size:
            raise ConfigurationError(
                f"data: expected at least one {split} sample for each of the {self._world_size} processes, got "
                f"{len(dataset)}; use more data or fewer processes"
            )
        if self.batch_size < self._world_size:  # a process without a batch would not take part in the loss
            raise ConfigurationError(
                f"data.batch_size: expected at least 1 for each of the {self._world_size} processes, since it is the "
                f"global batch size, got {self.batch_size}; use larger batches or fewer processes"
            )
        return self._loader(dataset, min(self.batch_size, len(dataset)))

    def _requests(self, num_samples: int, blocks: Tensor | None = None) -> BatchLoader:
        requests = SampleRequests(num_samples, self.generation.block_size, blocks)
        return self._loader(requests, self._world_size)  # one block per process at a time

    def _loader(
        self, dataset: BatchedDataset, batch_size: int, shuffle_seed: int | None = None, drop_last: bool = False
    ) -> BatchLoader:
        rank = self.trainer.global_rank if self.trainer else 0
        return BatchLoader(dataset, batch_size, shuffle_seed, drop_last, rank, self._world_size)

    def _name_of(self, split: Split) -> str:
        return f"data: {type(self).__name__}.make_dataset('{split}')"

    @property
    def _world_size(self) -> int:
        return self.trainer.world_size if self.trainer else 1


def checked_sizes(size: int, validation_size: int, test_size: int, batch_size: int) -> dict[Split, int]:
    """Sizes of the splits by name.

    Raises:
        ConfigurationError: If a split is empty, or the batch does not fit the training data.
    """
    sizes: dict[Split, int] = {"train": size, "validation": validation_size, "test": test_size}
    if min(sizes.values()) < 1 or not 1 <= batch_size <= size:
        raise ConfigurationError(
            f"data: expected sizes >= 1 and a batch_size from 1 to the {size} training samples, "
            f"got sizes {tuple(sizes.values())} and batch_size {batch_size}"
        )
    return sizes
