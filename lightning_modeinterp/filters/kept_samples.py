"""Filtered samples: a directory with samples and a manifest, which a data module can train on.

``samples.npy`` holds the kept samples in data units, in the order of their numbers, one store after the other.
``manifest.json`` has the hashes of the stores' manifests, the filter, and counts: how many were drawn, diverged and
kept, by kind and by mode. It is written last, so a directory without it is not finished. Memory is that of a few
thousand samples, whatever their number.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.files import aside_of, publish, sha256, write_aside
from lightning_modeinterp.filters.base import Filter
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.sample_store import SampleStore
from lightning_modeinterp.sample_store.store import MANIFEST

FORMAT = 1
SAMPLES = "samples.npy"

PIECE = 16_384
"""Samples that are read at a time."""


@dataclass
class Counts:
    """Counts of drawn, kept and judged samples; modes are counted among the samples in support."""

    num_drawn: int = 0
    num_diverged: int = 0
    num_kept: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    kept_kinds: Counter[str] = field(default_factory=Counter)
    modes: Counter[int] = field(default_factory=Counter)
    kept_modes: Counter[int] = field(default_factory=Counter)

    def add(self, batch: GeneratedBatch, kept: Tensor) -> None:
        """Count one batch, of which some rows were kept."""
        self.num_drawn += len(batch)
        self.num_diverged += int(batch.diverged.sum())
        self.num_kept += int(kept.sum())
        for rows, kinds, modes in ((~batch.diverged, self.kinds, self.modes), (kept, self.kept_kinds, self.kept_modes)):
            if (verdict := batch[rows].verdict) is not None:
                kinds.update(verdict.kinds[kind] for kind in verdict.kind.tolist())
                modes.update(verdict.mode[verdict.in_support].tolist())

    def facts(self) -> dict[str, Any]:
        """The counts as plain data, with ``precision`` and ``recall`` of the filter.

        Precision is the share of hallucinations among the dropped samples, recall the share of the hallucinations that
        are dropped; None without an oracle or if there are none. Diverged samples count in neither.
        """
        facts: dict[str, Any] = {name: getattr(self, name) for name in ("num_drawn", "num_diverged", "num_kept")}
        if not self.kinds:
            return facts
        bad, kept_bad = num_bad(self.kinds), num_bad(self.kept_kinds)
        num_dropped = self.num_drawn - self.num_diverged - self.num_kept
        return {
            **facts,
            "precision": (bad - kept_bad) / num_dropped if num_dropped else None,
            "recall": (bad - kept_bad) / bad if bad else None,
            **{name: dict(sorted(getattr(self, name).items())) for name in ("kinds", "kept_kinds")},
            **{name: {str(k): n for k, n in sorted(getattr(self, name).items())} for name in ("modes", "kept_modes")},
        }


CLEAR = ("in_support", "ambiguous")
"""Kinds that are not hallucinations."""


def num_bad(kinds: Mapping[str, int]) -> int:
    """Hallucinations among samples counted by kind."""
    return sum(number for kind, number in kinds.items() if kind not in CLEAR)


def keep(stores: Sequence[SampleStore], chosen: Filter, folder: str | Path, said: Mapping[str, Any]) -> dict[str, Any]:
    """Filter stores and write the samples that are kept.

    Args:
        stores: At least one, all with the same kind of samples.
        chosen: The filter, applied to each store separately.
        folder: Output folder; new, or left unfinished by an earlier start.
        said: The filter as plain data, for the manifest.

    Returns:
        The manifest.

    Raises:
        ConfigurationError: If the folder holds something else, or the filter is not valid for the samples or cannot
            keep as many as it should.
    """
    folder = Path(folder)
    _check_folder(folder)
    for store in stores:
        chosen.check(store.manifest["fingerprint"])
        chosen.check_columns(store.manifest["scores"], store.manifest["kinds"] is not None)
    pieces = [_Pieces(store) for store in stores]
    counts = [sum(int(kept.sum()) for kept in chosen.masks(each)) for each in pieces]
    if sum(counts) == 0:
        raise ConfigurationError("keep: expected some samples to be kept, got none; draw more, or use another filter")
    shape = next(iter(stores[0])).samples.shape[1:]
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / SAMPLES
    aside = aside_of(file)
    rows = np.lib.format.open_memmap(aside, mode="w+", dtype=np.float32, shape=(sum(counts), *shape))
    found, start = Counts(), 0
    for each in pieces:
        for batch, kept in zip(each, chosen.masks(each), strict=True):
            found.add(batch, kept)
            stop = start + int(kept.sum())
            rows[start:stop] = batch.samples[kept].numpy()
            start = stop
    rows.flush()
    del rows
    publish(aside, file)
    manifest = {
        "format": FORMAT,
        "sources": [
            {"path": os.path.relpath(each.path, folder), "manifest_sha256": sha256(each.path / MANIFEST)}
            for each in stores
        ],
        "filter": dict(said),
        "samples_sha256": sha256(file),
        "sample_shape": list(shape),
        **found.facts(),
    }
    write_aside(folder / MANIFEST, json.dumps(manifest, indent=1).encode())
    return manifest


class _Pieces:
    """A store in batches smaller than its shards, memory-mapped from the same files."""

    def __init__(self, store: SampleStore) -> None:
        self._store = store

    def __iter__(self) -> Iterator[GeneratedBatch]:
        for shard in self._store:
            for start in range(0, len(shard), PIECE):
                yield shard[start : start + PIECE]


def read_kept(folder: str | Path) -> dict[str, Any]:
    """Read the manifest of filtered samples.

    Raises:
        ConfigurationError: If there is no manifest, or the samples are not those that it names.
    """
    folder = Path(folder)
    file = folder / MANIFEST
    if not file.is_file():
        raise ConfigurationError(
            f"{folder}: expected what `modeinterp keep` has written, found no {MANIFEST}; run it first"
        )
    try:
        manifest = json.loads(file.read_bytes())
    except ValueError:
        manifest = None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT or not (folder / SAMPLES).is_file():
        raise ConfigurationError(f"{folder}: expected kept samples of format {FORMAT}, found something else")
    if sha256(folder / SAMPLES) != manifest.get("samples_sha256"):
        raise ConfigurationError(
            f"{folder / SAMPLES}: expected the samples that the manifest names, found others; remove the folder and "
            "run `modeinterp keep` again"
        )
    return manifest


def content_of(folders: Sequence[str | Path]) -> str:
    """Hash of sets of kept samples in this order, independent of their paths."""
    return hashlib.sha256("".join(read_kept(each)["samples_sha256"] for each in folders).encode()).hexdigest()


def kept_samples(folder: str | Path) -> Tensor:
    """The samples, (N, *sample_shape) float32, data units, memory-mapped."""
    return torch.from_numpy(np.load(Path(folder) / SAMPLES, mmap_mode="c"))


def _check_folder(folder: Path) -> None:
    if (folder / MANIFEST).is_file():
        raise ConfigurationError(f"{folder}: expected a new folder, found earlier kept samples; choose another --out")
    others = [each.name for each in folder.iterdir() if SAMPLES not in each.name] if folder.is_dir() else []
    if others or folder.is_file():
        raise ConfigurationError(f"{folder}: expected a new or empty folder, found other files; choose another --out")
