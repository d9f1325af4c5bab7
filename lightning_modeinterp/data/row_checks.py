"""Rows of a data set with values that are not finite."""

import torch
from torch import Tensor

from lightning_modeinterp.data.batch_loader import BatchedDataset
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import not_finite


def refuse_rows(batch: Tensor, first: int, name: str) -> None:
    """Refuse a batch with a row that is not finite, and name the row.

    Args:
        batch: (B, *sample_shape).
        first: Position of its first row in the data set.
        name: Name of the data, for the message.

    Raises:
        ConfigurationError: For the first such row.
    """
    bad = not_finite(batch)
    if not bad.any():
        return
    row = int(bad.nonzero()[0])
    values = batch[row].flatten()
    value = values[~values.isfinite()][0].item()
    raise ConfigurationError(
        f"{name}: expected finite numbers, got {value} in row {first + row} ({int(bad.sum())} such among rows "
        f"{first} to {first + len(batch) - 1}); fix or remove such rows"
    )


def refuse_rows_of(dataset: BatchedDataset, batch_size: int, name: str) -> None:
    """Search a whole data set for a row that is not finite. It reads everything, so it is used only on a bad loss.

    Args:
        dataset: Data set of tensors.
        batch_size: Number of samples to read at a time.
        name: Name of the data, for the message.

    Raises:
        ConfigurationError: For the first such row.
    """
    for first in range(0, len(dataset), batch_size):
        refuse_rows(dataset[torch.arange(first, min(first + batch_size, len(dataset)))], first, name)
