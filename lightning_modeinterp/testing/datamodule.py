"""The contract test of data modules."""

import copy
from collections import Counter
from collections.abc import Iterable
from itertools import combinations
from types import SimpleNamespace
from typing import Any, Protocol, cast, get_args

import torch
from torch import Tensor

from lightning_modeinterp.data import BatchLoader, ModeInterpDataModule, Split
from lightning_modeinterp.generation import Generation, Monitor
from lightning_modeinterp.testing.arguments import check_arguments
from lightning_modeinterp.testing.datamodule_truth import check_truth, check_units
from lightning_modeinterp.testing.expect import expect, expect_no_error

_SPLITS: tuple[Split, ...] = get_args(Split)
_NUM_PROCESSES = 2
_MAX_DIFFERENCE = 6.0  # in standard errors; halves of up to 36 samples never differ by more


class MakeDataModule(Protocol):
    """A data module's class, or a `functools.partial` of it."""

    def __call__(self, *, seed: int) -> ModeInterpDataModule:
        """The data of a seed."""


def check_datamodule(make: MakeDataModule, is_recorded: bool = False) -> None:
    """Check that a data module keeps the contract of its interface.

    - A split has finite float32 samples of ``sample_shape``, in random order, the same whenever it is made. It shares
      no samples with other splits beyond those that repeat anyway.
    - Training serves shuffled batches of the global size, in another order for another epoch or seed; validation and
      test serve every sample once. Two processes share each global batch without padding or repeats.
    - The requested blocks cover the samples of ``generation``, each once.
    - ``to_data_units`` converts each sample independently and keeps its shape.
    - The ground truth is consistent: the data are in support; the exact denoiser gives x_0 in model units, no
      worse than a guess; metrics and probes are new ones at each call, the metrics have distinct names and can measure
      these samples, and figures can be drawn of them.

    Args:
        make: Makes the data of a seed; with a few hundred samples per split and an even batch size.
        is_recorded: The samples were recorded, not drawn: the seed sets only their order.

    Raises:
        AssertionError: If it breaks the contract.
    """
    data = make(seed=0)
    check_arguments(data)
    rows = {split: _rows(data, split) for split in _SPLITS}
    _check_samples(data, rows)
    _check_splits_are_repeatable(make, rows, is_recorded)
    _check_splits_share_nothing(data, rows)
    _check_training_batches(make, rows["train"])
    _check_every_sample_is_served(data, rows)
    _check_processes_share_batches(data)
    _check_requests(data)
    check_units(data, rows["validation"])
    check_truth(data, rows)


def _rows(data: ModeInterpDataModule, split: Split) -> Tensor:
    with expect_no_error(
        f"{type(data).__name__}.make_dataset: expected {split} data that a tensor of positions can index",
        "write __len__, and a __getitem__ that returns a batch for a tensor (B,)",
    ):
        dataset = data.make_dataset(split)
        return dataset[torch.arange(len(dataset))]


def _keys(rows: Iterable[Tensor]) -> Counter[bytes]:
    """How often each sample occurs."""
    return Counter(row.numpy().tobytes() for row in rows)


def _as_process(data: ModeInterpDataModule, rank: int, world_size: int) -> ModeInterpDataModule:
    other = copy.copy(data)
    other.trainer = cast(Any, SimpleNamespace(global_rank=rank, world_size=world_size))
    return other


def _data_loaders(data: ModeInterpDataModule) -> dict[Split, BatchLoader]:
    return {
        "train": data.train_dataloader(),
        "validation": data.val_dataloader()[0],
        "test": data.test_dataloader()[0],
    }


def _check_samples(data: ModeInterpDataModule, rows: dict[Split, Tensor]) -> None:
    for split, samples in rows.items():
        expect(
            samples.dtype == torch.float32 and samples.shape[1:] == data.sample_shape,
            f"{type(data).__name__}.make_dataset: expected float32 samples of sample_shape {data.sample_shape}, got "
            f"{samples.dtype} of {tuple(samples.shape[1:])} in {split}; make both agree, in model units",
        )
        expect(
            bool(samples.isfinite().all()),
            f"{type(data).__name__}.make_dataset: expected finite numbers, got others in {split}; remove them",
        )
        _check_order(f"{type(data).__name__}.make_dataset", split, samples)


def _check_order(name: str, split: Split, samples: Tensor) -> None:
    values = samples.flatten(1).double()
    middle = len(values) // 2
    apart = (values[:middle].mean(0) - values[middle:].mean(0)).abs()
    error = values.std(0, correction=0) * (1 / max(middle, 1) + 1 / (len(values) - middle)) ** 0.5
    expect(
        bool((apart <= _MAX_DIFFERENCE * error + 1e-6).all()),
        f"{name}: expected {split} samples in random order, since the first represent all in figures and for the "
        "range of the data, got halves with different means; shuffle them by keyed_generator(self.seed, ...)",
    )


def _check_splits_are_repeatable(make: MakeDataModule, rows: dict[Split, Tensor], is_recorded: bool) -> None:
    again, other = make(seed=0), make(seed=1)
    name = f"{type(again).__name__}.make_dataset"
    for split, samples in rows.items():
        expect(
            torch.equal(_rows(again, split), samples),
            f"{name}: expected the same {split} samples for the same arguments, got others; draw from "
            "keyed_generator(self.seed, ...), never from PyTorch's own",
        )
        is_new = is_recorded or not torch.equal(_rows(other, split), samples)
        expect(
            is_new,
            f"{name}: expected other {split} samples for another seed, got the same; draw from "
            "keyed_generator(self.seed, ...), or say is_recorded=True",
        )


def _check_splits_share_nothing(data: ModeInterpDataModule, rows: dict[Split, Tensor]) -> None:
    keys = {split: _keys(samples) for split, samples in rows.items()}
    for first, second in combinations(_SPLITS, 2):
        repeated = sum(count for count in keys[first].values() if count > 1) / keys[first].total()
        shared = sum(count for key, count in keys[second].items() if key in keys[first]) / keys[second].total()
        # what repeats within a split by chance may repeat in another one as well
        expect(
            shared <= 2 * repeated + 0.01,
            f"{type(data).__name__}.make_dataset: expected {first} and {second} to share no samples, got a share of "
            f"{shared:.3g} ({repeated:.3g} repeat within {first}); draw each split with its own key, or take them "
            "from disjoint rows",
        )


def _check_training_batches(make: MakeDataModule, rows: Tensor) -> None:
    data, loader, other = make(seed=0), make(seed=0).train_dataloader(), make(seed=1).train_dataloader()
    name, first, second = f"{type(data).__name__}.train_dataloader", list(loader), list(loader)
    expect(
        {len(batch) for batch in first} == {data.batch_size} and len(first) == len(rows) // data.batch_size,
        f"{name}: expected {len(rows) // data.batch_size} batches of the global batch_size {data.batch_size}, got "
        f"sizes {[len(batch) for batch in first][:5]}; pass batch_size to super().__init__",
    )
    expect(
        not torch.equal(torch.cat(first), torch.cat(second)),
        f"{name}: expected a new order at each epoch, got the same; shuffle by (seed, epoch)",
    )
    expect(
        not torch.equal(torch.cat(first), torch.cat(list(other))),
        f"{name}: expected another order for another seed, got the same; pass seed to super().__init__",
    )


def _check_every_sample_is_served(data: ModeInterpDataModule, rows: dict[Split, Tensor]) -> None:
    for split, loader in _data_loaders(data).items():
        served, there = _keys(torch.cat(list(loader))), _keys(rows[split])
        expect(
            served <= there and (split == "train" or served == there),
            f"{type(data).__name__}: expected an epoch of {split} to serve every sample of make_dataset at most once, "
            f"and all of them except the last batch of training, got {served.total()} of {there.total()}; leave the "
            "loaders to the base class",
        )


def _check_processes_share_batches(data: ModeInterpDataModule) -> None:
    expect(
        data.batch_size % _NUM_PROCESSES == 0,
        f"{type(data).__name__}: expected an even batch_size, for a check with two processes, got {data.batch_size}; "
        "pass a data module that has one to the check",
    )
    whole = {split: list(loader) for split, loader in _data_loaders(data).items()}
    for rank in range(_NUM_PROCESSES):
        for split, loader in _data_loaders(_as_process(data, rank, _NUM_PROCESSES)).items():
            expected = [batch[rank::_NUM_PROCESSES] for batch in whole[split] if len(batch) > rank]
            served = list(loader)
            expect(
                len(loader) == len(expected) == len(served) and all(map(torch.equal, served, expected)),
                f"{type(data).__name__}: expected process {rank} of {_NUM_PROCESSES} to get items {rank}, "
                f"{rank + _NUM_PROCESSES}, ... of each global batch of {split}, got others; serve by BatchLoader with "
                "the trainer's rank, and let data depend on neither rank nor world size",
            )


def _check_requests(data: ModeInterpDataModule) -> None:
    asking = copy.copy(data)
    asking.generation = Generation(num_samples=20, block_size=8, monitor=Monitor(num_samples=9))
    for world_size in (1, _NUM_PROCESSES):
        processes = [_as_process(asking, rank, world_size) for rank in range(world_size)]
        for name, loaders, num_blocks in (
            ("val_dataloader()[1]", [each.val_dataloader()[1] for each in processes], 2),
            ("test_dataloader()[1]", [each.test_dataloader()[1] for each in processes], 3),
            ("predict_dataloader()", [each.predict_dataloader() for each in processes], 3),
        ):
            blocks = sorted(block for loader in loaders for batch in loader for block in batch.tolist())
            expect(
                blocks == list(range(num_blocks)),
                f"{type(data).__name__}.{name}: expected {world_size} processes to get requests for the blocks 0 to "
                f"{num_blocks - 1} once, got {blocks}; read self.generation when the loader is made",
            )
