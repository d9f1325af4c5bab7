"""Check the first batch of a data set before training.

Numpy arrays, `TensorDataset` and lists are converted to tensors, and other precisions to float32, in which everything
is computed. Anything else is refused with a remedy. Only the first batch is read, so this is cheap and changes no
order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor
from torch.utils.data import Subset, TensorDataset

from lightning_modeinterp.data.batch_loader import BatchedDataset
from lightning_modeinterp.data.row_checks import refuse_rows
from lightning_modeinterp.errors import ConfigurationError

SIZES = (0.1, 10.0)
"""Range of the samples' root mean square outside of which a warning compares it with that of the noise, 1. Ours."""

PER_ITEM = ("torch.", "torchvision.")
"""Libraries whose data sets return one sample at a time."""


@dataclass(frozen=True)
class Converted:
    """A data set whose batches are converted one by one.

    Args:
        dataset: Data set that can be indexed by a tensor of positions.
        convert: Converts its output to samples (B, *sample_shape), float32.
    """

    dataset: BatchedDataset
    convert: Callable[[Any], Tensor]

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: Tensor) -> Tensor:
        return self.convert(self.dataset[index])


def looked_at(dataset: object, sample_shape: Sequence[int], batch_size: int, name: str) -> BatchedDataset:
    """The data set as batches of float32 tensors. Nothing is copied if it already returns these.

    Args:
        dataset: A split of a data module.
        sample_shape: Shape of one sample, from the data module.
        batch_size: Number of samples to check.
        name: Name for messages, such as ``data: Rings.make_dataset('train')``.

    Raises:
        ConfigurationError: For another type, dtype or shape, or numbers that are not finite.
    """
    found = _whole_tensor(dataset, tuple(sample_shape), name)
    data = _with_length(dataset) if found is None else found
    if data is None:
        raise ConfigurationError(
            f"{name}: expected a data set with a length, which a tensor of positions can index, got "
            f"{type(dataset).__name__}; such as a tensor (N, {_axes(sample_shape)})"
        )
    positions = torch.arange(min(len(data), batch_size))
    given = _batch(data, positions, name)
    batch = _tensor(given, name)
    if batch.dtype != torch.float32 or batch.requires_grad:
        _check_dtype(batch, name)
        _note_precision(batch, name)
    if tuple(batch.shape) != (len(positions), *sample_shape):
        raise ConfigurationError(_other_shape(batch, positions, sample_shape, name))
    refuse_rows(batch, 0, name)
    if isinstance(data, Tensor):
        return data.detach().float()
    return data if given is batch and batch.dtype == torch.float32 else Converted(data, _samples)


def note_size(dataset: BatchedDataset, batch_size: int, name: str) -> None:
    """Warn if the size of the samples is far from that of the noise.

    Args:
        dataset: Data set of float32 tensors.
        batch_size: Number of samples to check.
        name: Name of the data.
    """
    size = dataset[torch.arange(min(len(dataset), batch_size))].square().mean().sqrt().item()
    if not SIZES[0] <= size <= SIZES[1]:
        rank_zero_warn(
            f"{_of_any_split(name)}: values have a root mean square of {size:.3g}, but the noise "
            "has 1; scale them to about 1 in make_dataset, and back in to_data_units"
        )


def _whole_tensor(dataset: object, sample_shape: tuple[int, ...], name: str) -> Tensor | None:
    """All samples, if they are in memory in a known form; else None."""
    if isinstance(dataset, tuple) and dataset and tuple(getattr(dataset[0], "shape", ()))[1:] == sample_shape:
        _note_left_out(len(dataset), name)
        dataset = dataset[0]
    if isinstance(dataset, Tensor):
        return dataset
    if isinstance(dataset, np.ndarray):
        return torch.from_numpy(np.require(dataset, requirements="W"))
    if isinstance(dataset, TensorDataset):
        _note_left_out(len(dataset.tensors), name)
        return dataset.tensors[0]
    if isinstance(dataset, Subset):
        whole = _whole_tensor(dataset.dataset, sample_shape, name)
        return None if whole is None else whole[torch.as_tensor(dataset.indices)]
    if isinstance(dataset, list | tuple) and dataset:
        return _stacked(dataset, name)
    return None


def _stacked(samples: Sequence[object], name: str) -> Tensor:
    try:
        return torch.stack([torch.as_tensor(each) for each in samples])
    except (TypeError, ValueError, RuntimeError) as error:
        shown = type(samples[0]).__name__
        raise ConfigurationError(
            f"{name}: expected samples of one shape, got a {type(samples).__name__} of {shown} and others that form no "
            f"tensor; give one tensor (N, ...), without labels"
        ) from error


def _with_length(dataset: object) -> BatchedDataset | None:
    has_both = hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__") and not isinstance(dataset, dict)
    return dataset if has_both else None  # type: ignore[return-value]  # its output is checked


def _batch(data: BatchedDataset, positions: Tensor, name: str) -> Any:
    if len(positions) == 0:
        raise ConfigurationError(f"{name}: expected at least one sample, got none")
    try:
        return data[positions]
    except (TypeError, IndexError, ValueError, RuntimeError) as error:
        if not type(data).__module__.startswith(PER_ITEM):  # errors of a user's class are shown as they are
            raise
        raise ConfigurationError(
            f"{name}: expected a data set that a tensor of positions can index, got {type(data).__name__}, which "
            "returns one sample at a time; stack them, as torch.stack([x for x, _ in dataset])"
        ) from error


def _tensor(given: Any, name: str) -> Tensor:
    if isinstance(given, tuple | list) and given and isinstance(given[0], Tensor | np.ndarray):
        _note_left_out(len(given), name)
    elif not isinstance(given, Tensor | np.ndarray):
        raise ConfigurationError(
            f"{name}: expected a tensor for a tensor of positions, got {type(given).__name__}; return samples "
            "alone, (B, *sample_shape)"
        )
    return _first(given)


def _first(given: Any) -> Tensor:
    first = given[0] if isinstance(given, tuple | list) else given
    return torch.from_numpy(np.require(first, requirements="W")) if isinstance(first, np.ndarray) else first


def _samples(given: Any) -> Tensor:
    return _first(given).detach().float()


def _note_left_out(number: int, name: str) -> None:
    if number > 1:
        rank_zero_warn(
            f"{_of_any_split(name)}: the first of {number} tensors is used as the samples; labels are ignored"
        )


def _check_dtype(batch: Tensor, name: str) -> None:
    if batch.dtype.is_floating_point:
        return
    if batch.dtype == torch.uint8:
        remedy = "scale bytes to about [-1, 1], x.float() / 127.5 - 1, and back in to_data_units"
    elif batch.dtype.is_complex:
        remedy = "give real and imaginary parts as two channels, torch.view_as_real"
    else:
        remedy = "give x.float(), at a scale of about 1"
    raise ConfigurationError(f"{name}: expected float32 samples in model units, got {_dtype(batch)}; {remedy}")


def _note_precision(batch: Tensor, name: str) -> None:
    if batch.dtype != torch.float32:
        rank_zero_warn(
            f"{_of_any_split(name)}: {_dtype(batch)} samples are converted to float32, in which everything is computed"
        )


def _other_shape(batch: Tensor, positions: Tensor, sample_shape: Sequence[int], name: str) -> str:
    given, wanted = tuple(batch.shape), tuple(sample_shape)
    line = f"{name}: expected samples of shape {wanted}, as sample_shape says, got {given[1:]}"
    if len(given) == 0 or given[0] != len(positions):
        return f"{name}: expected {len(positions)} samples for {len(positions)} positions, got shape {given}"
    if given[1:] == wanted[1:] and wanted[0] == 1:
        return f"{line}; add the axis with x.unsqueeze(1)"
    if len(wanted) == 3 and given[1:] == (*wanted[1:], wanted[0]):
        return f"{line}; channels come first: x.permute(0, 3, 1, 2)"
    return f"{line}; make sample_shape and make_dataset agree"


def _of_any_split(name: str) -> str:
    """A name without the split: Python shows equal warnings only once."""
    return name.partition("(")[0]


def _axes(sample_shape: Sequence[int]) -> str:
    return ", ".join(map(str, sample_shape))


def _dtype(batch: Tensor) -> str:
    return str(batch.dtype).removeprefix("torch.")
