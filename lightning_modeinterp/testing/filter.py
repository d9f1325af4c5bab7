"""The contract test of filters."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch

from lightning_modeinterp.filters import Filter
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.testing.arguments import check_arguments
from lightning_modeinterp.testing.expect import expect, expect_no_error
from lightning_modeinterp.testing.generation_metric import made_up_batches


def check_filter(chosen: Filter, batches: Sequence[GeneratedBatch] | None = None) -> None:
    """Check that a filter keeps the contract of its interface.

    It gives a mask for each batch, deterministically and for any split of the samples into batches. Diverged
    samples are never kept and do not affect the others. The samples are not changed, and only one batch of them is
    needed at a time. It reads only the scores that it names in ``scores``, and verdicts only with ``needs_verdicts``.

    Args:
        chosen: Any filter that keeps some samples of the batches.
        batches: Batches in the order of their samples, at least two. Those of `made_up_batches` if None.

    Raises:
        AssertionError: If it breaks the contract.
    """
    check_arguments(chosen)
    batches = made_up_batches() if batches is None else list(batches)
    name = f"{type(chosen).__name__}.rule"
    kept = _kept(chosen, batches, name)
    expect(bool(kept), f"{name}: expected some of the given samples to be kept, got none; check it on others")
    expect(
        _kept(chosen, batches, name) == kept,
        f"{name}: expected the same samples when it is called again, got others; hold no state, and draw by a key",
    )
    whole = GeneratedBatch.joined(batches)
    cut = [whole[start : start + 7] for start in range(0, len(whole), 7)]
    expect(
        _kept(chosen, cut, name) == kept,
        f"{name}: expected the same samples for any split into batches, got others; read all batches first",
    )
    _check_columns(chosen, batches, kept, name)
    _check_diverged(chosen, batches, kept, name)
    _check_memory(chosen, batches, kept, name)


def _kept(chosen: Filter, batches: Sequence[GeneratedBatch], name: str) -> set[int]:
    with expect_no_error(f"{name}: expected a mask for each batch", "return a function from a batch to (N,) bool"):
        masks = list(chosen.masks(batches))
    for batch, mask in zip(batches, masks, strict=True):
        expect(
            mask.dtype == torch.bool and mask.shape == (len(batch),),
            f"{name}: expected masks (N,) bool, got {mask.dtype} of shape {tuple(mask.shape)}; compare scores",
        )
    return {int(i) for batch, mask in zip(batches, masks, strict=True) for i in batch.index[mask]}


def _check_columns(chosen: Filter, batches: Sequence[GeneratedBatch], kept: set[int], name: str) -> None:
    """Leave out the columns that it does not name."""
    named = [
        replace(
            batch,
            scores={each: values for each, values in batch.scores.items() if each in chosen.scores},
            verdict=batch.verdict if chosen.needs_verdicts else None,
        )
        for batch in batches
    ]
    asked = f"{name}: expected to read no score but {', '.join(chosen.scores) or 'none'}"
    asked += "" if chosen.needs_verdicts else ", and no verdict"
    with expect_no_error(asked, "name what it reads in `scores` and `needs_verdicts`"):
        masks = list(chosen.masks(named))
    found = {int(i) for batch, mask in zip(batches, masks, strict=True) for i in batch.index[mask]}
    expect(found == kept, f"{asked}, got other samples without; name it in `scores` or `needs_verdicts`")


def _check_diverged(chosen: Filter, batches: Sequence[GeneratedBatch], kept: set[int], name: str) -> None:
    """Add diverged samples at the end, so that each block keeps its other samples."""
    last = batches[-1]
    size = len(last)
    lost = replace(
        last,
        index=last.index + size,
        samples=torch.full_like(last.samples, torch.nan),
        scores={each: torch.full_like(values, torch.nan) for each, values in last.scores.items()},
        diverged=torch.ones(size, dtype=torch.bool),
    )
    expect(
        _kept(chosen, [*batches, lost], name) == kept,
        f"{name}: expected diverged samples to be dropped without effect on others, got other samples; leave "
        "`masks` to `Filter`",
    )


def _check_memory(chosen: Filter, batches: Sequence[GeneratedBatch], kept: set[int], name: str) -> None:
    stream = _Stream(batches)
    masks = list(chosen.masks(stream))
    found = {int(i) for batch, mask in zip(batches, masks, strict=True) for i in batch.index[mask]}
    expect(
        found == kept,
        f"{name}: expected to hold one batch at a time, got other samples if earlier ones are freed; hold counts or "
        "thresholds, not samples",
    )


class _Stream:
    """Batches that are invalidated when the next one is read, as if memory were reused."""

    def __init__(self, batches: Sequence[GeneratedBatch]) -> None:
        self._batches = batches

    def __iter__(self) -> Iterator[GeneratedBatch]:
        for batch in self._batches:
            copy = batch[torch.arange(len(batch))]
            yield copy
            for values in (copy.samples, *copy.scores.values()):
                values.fill_(torch.inf)
