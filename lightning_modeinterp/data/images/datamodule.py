"""Base class of data modules of images in bytes."""

from abc import ABC
from collections.abc import Mapping

import torch
from torch import Tensor

from lightning_modeinterp.data.datamodule import ModeInterpDataModule, Split
from lightning_modeinterp.data.images.byte_images import to_data_units, to_model_units
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.keyed_noise import keyed_generator
from lightning_modeinterp.metrics import GenerationMetric, SupportRates


class ImageDataModule(ModeInterpDataModule, ABC):
    """Images in bytes: data units are [0, 255], model units [-1, 1]. See `ModeInterpDataModule`."""

    def to_data_units(self, samples: Tensor) -> Tensor:
        """See `ModeInterpDataModule.to_data_units`."""
        return to_data_units(samples)

    def to_model_units(self, samples: Tensor) -> Tensor:
        """See `ModeInterpDataModule.to_model_units`."""
        return to_model_units(samples)

    def metrics(self) -> list[GenerationMetric]:
        """Rates and detection if there is an oracle; see `ModeInterpDataModule.metrics`."""
        return [SupportRates(self.support.kinds), self.detection()] if self.support else []


def split_rows(num_samples: int, validation_rate: float, test_rate: float) -> Mapping[Split, Tensor]:
    """Split recorded samples at random, always in the same way.

    Args:
        num_samples: Number of samples.
        validation_rate: Share of the validation split, in (0, 1).
        test_rate: Share of the test split, in (0, 1).

    Returns:
        Sorted row numbers by split, int64.

    Raises:
        ConfigurationError: If a split would be empty.

    Example:
        >>> {name: len(rows) for name, rows in split_rows(20, 0.1, 0.2).items()}
        {'train': 14, 'validation': 2, 'test': 4}
    """
    num_validation, num_test = round(validation_rate * num_samples), round(test_rate * num_samples)
    num_train = num_samples - num_validation - num_test
    if min(num_train, num_validation, num_test) < 1:
        raise ConfigurationError(
            f"data: expected rates that leave each split at least 1 of {num_samples} samples, got validation_rate "
            f"{validation_rate} and test_rate {test_rate}; use more samples or other rates"
        )
    order = torch.randperm(num_samples, generator=keyed_generator(0, "split", 0))  # of no seed: every run trains on
    train, validation, test = torch.split(order, [num_train, num_validation, num_test])  # the same samples
    return {"train": train.sort().values, "validation": validation.sort().values, "test": test.sort().values}


def mixed_order(num_samples: int) -> Tensor:
    """Rows of recorded data in a fixed random order, (N,) int64.

    Then the first rows are like the others; in MNIST, for example, the two halves of the test digits have different
    writers.
    """
    return torch.randperm(num_samples, generator=keyed_generator(0, "mixed", 0))


def check_batch_size(batch_size: int, num_train: int) -> None:
    """Refuse a batch larger than the training data.

    Raises:
        ConfigurationError: If it is not from 1 to the number of training samples.
    """
    if not 1 <= batch_size <= num_train:
        raise ConfigurationError(f"data.batch_size: expected 1 to the {num_train} training samples, got {batch_size}")
