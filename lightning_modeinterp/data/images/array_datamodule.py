"""Your samples in an array: images in bytes, or any numbers with a given range."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from lightning_modeinterp.data.datamodule import ModeInterpDataModule, Split
from lightning_modeinterp.data.images.arrays import ends_sha256, read_array
from lightning_modeinterp.data.images.datamodule import check_batch_size, split_rows
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics import GenerationMetric, SupportRates
from lightning_modeinterp.support_oracle import SupportOracle

BYTES = (0.0, 255.0)


class ArraySamples(Dataset[Tensor]):
    """Rows of an array in model units; only the requested rows of a memory-mapped file are read.

    Args:
        values: (M, *sample_shape).
        rows: (N,) int64, the rows to use.
        low: Value that becomes -1.
        high: Value that becomes 1.
    """

    def __init__(self, values: NDArray[np.generic], rows: Tensor, low: float, high: float) -> None:
        self.values, self.rows, self.low, self.high = values, rows, low, high

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int | Tensor) -> Tensor:
        """One sample, or with an index tensor (B,) a batch, float32."""
        values = torch.from_numpy(np.array(self.values[self.rows[index].numpy()], dtype=np.float64))
        return to_model_units(values, self.low, self.high).float()


def to_model_units(values: Tensor, low: float, high: float) -> Tensor:
    """Scale [low, high] to [-1, 1]."""
    return (values - low) / (high - low) * 2 - 1


class ArrayDataModule(ModeInterpDataModule):
    """Samples in a ``.npy``, ``.npz`` or idx file; ``value_range`` becomes [-1, 1] in model units.

    Vectors (N, D) stay vectors; (N, H, W) become grey images (N, 1, H, W); (N, C, H, W) are images, (N, H, W, C) with
    ``is_channels_last``.

    Args:
        path: The file.
        name: Which array of an ``.npz`` file. Its only one if None.
        value_range: Lowest and highest value of the data, which become -1 and 1. If None, 0 and 255 for bytes;
            required for other numbers.
        is_channels_last: Whether the last of four axes holds the channels.
        validation_rate: Share of the samples for validation, in (0, 1). The split does not depend on the seed.
        test_rate: Share of the samples for the test, in (0, 1).
        content: Hash of the file's size, beginning and end, independent of its path. The command line fills it in.
        batch_size: Global batch size, over all processes; at most the number of training samples.
        seed: Seed of the order. If None, ``seed_everything`` on the command line, else 0.
        support: Oracle that decides what is a hallucination. Generated samples are not judged if None.

    Raises:
        ConfigurationError: If the file or a setting does not fit.
    """

    def __init__(
        self,
        path: str | Path,
        name: str | None = None,
        value_range: tuple[float, float] | None = None,
        is_channels_last: bool = False,
        validation_rate: float = 0.1,
        test_rate: float = 0.1,
        content: str | None = None,
        batch_size: int = 64,
        seed: int | None = None,
        support: SupportOracle | None = None,
    ) -> None:
        super().__init__(batch_size, seed, support)
        self.path, self.name, self.is_channels_last = Path(path), name, is_channels_last
        self.validation_rate, self.test_rate, self.content = validation_rate, test_rate, content
        self.low, self.high = _checked_range(value_range, self.values)
        check_batch_size(batch_size, len(self.make_dataset("train")))

    @staticmethod
    def content_of(arguments: Mapping[str, Any]) -> str:
        """See `ModeInterpDataModule.content_of`."""
        return ends_sha256(arguments["path"])

    @cached_property
    def values(self) -> NDArray[np.generic]:
        """(N, *sample_shape), as in the file."""
        return _as_samples(self.path, read_array(self.path, self.name), self.is_channels_last)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """(D,) or (C, H, W)."""
        return self.values.shape[1:]

    def make_dataset(self, split: Split) -> ArraySamples:
        """See `ModeInterpDataModule.make_dataset`."""
        rows = split_rows(len(self.values), self.validation_rate, self.test_rate)[split]
        return ArraySamples(self.values, rows, self.low, self.high)

    def setup(self, stage: str) -> None:
        """Refuse values that are nan or out of range, before anything is computed."""
        for start in range(0, len(self.values), 4096):
            part = np.asarray(self.values[start : start + 4096], dtype=np.float64)
            if not (np.isfinite(part).all() and self.low <= part.min() and part.max() <= self.high):
                raise ConfigurationError(
                    f"{self.path}: expected numbers from {self.low} to {self.high}, got {part.min()} to {part.max()} "
                    "among them; fix the file or set value_range"
                )

    def to_data_units(self, samples: Tensor) -> Tensor:
        """See `ModeInterpDataModule.to_data_units`."""
        return (samples + 1) / 2 * (self.high - self.low) + self.low

    def to_model_units(self, samples: Tensor) -> Tensor:
        """Convert samples (N, *sample_shape) from data units to model units."""
        return to_model_units(samples, self.low, self.high)

    def metrics(self) -> list[GenerationMetric]:
        """Rates and detection if there is an oracle; see `ModeInterpDataModule.metrics`."""
        return [SupportRates(self.support.kinds), self.detection()] if self.support else []


def _as_samples(path: Path, values: NDArray[np.generic], is_channels_last: bool) -> NDArray[np.generic]:
    if values.ndim not in (2, 3, 4) or values.dtype.kind not in "uif" or 0 in values.shape:
        raise ConfigurationError(
            f"{path}: expected numbers of shape (N, D), (N, H, W) or (N, C, H, W), got {values.dtype} of shape "
            f"{values.shape}"
        )
    if values.ndim == 3:
        return values[:, None]
    if values.ndim == 4 and is_channels_last:
        values = values.transpose(0, 3, 1, 2)
    if values.ndim == 4 and values.shape[1] not in (1, 3):
        raise ConfigurationError(
            f"{path}: expected 1 or 3 channels, got {values.shape[1]} with is_channels_last: "
            f"{str(is_channels_last).lower()}; set it to {str(not is_channels_last).lower()}, or choose channels"
        )
    return values


def _checked_range(given: tuple[float, float] | None, values: NDArray[np.generic]) -> tuple[float, float]:
    if given is None and values.dtype == np.uint8:
        return BYTES
    if given is None or not given[0] < given[1]:
        raise ConfigurationError(
            f"data.value_range: expected the lowest and highest value of the data, since they are {values.dtype}, got "
            f"{given}"
        )
    return float(given[0]), float(given[1])
