"""A directory of generated samples: safetensors shards and a manifest, readable without this package.

A shard holds the samples of a fixed number of whole blocks, one tensor a field with the samples along axis 0:
``index``, ``samples``, ``trajectory_variance``, where there is an oracle ``kind``, ``mode`` and its details, and
further statistics under their names. The manifest names shards, checksums, windows, kinds, details and the
fingerprint: everything that the samples are a function of. It is written last, so a directory without one is not a
store. Equal fingerprints give equal bytes, whatever the number of processes and however often they were killed; what
differs between such runs (times, host, paths) is in ``provenance.json``.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.files import sha256
from lightning_modeinterp.records import GeneratedBatch, SupportVerdict

MANIFEST = "manifest.json"
UNFINISHED = "unfinished"
FORMAT = 2


class SampleStore:
    """A finished store; `SampleStore.open` checks and opens it.

    Iterating gives one batch a shard. Its tensors are mapped from the file: only what is looked at is read.

    Args:
        path: The directory.
        manifest: What its manifest says.
    """

    def __init__(self, path: Path, manifest: Mapping[str, Any]) -> None:
        self.path = path
        self.manifest = manifest

    @classmethod
    def open(cls, path: Path, verify: bool = True) -> Self:
        """Open a store.

        Args:
            path: The directory.
            verify: Read every shard once, compare it with its checksum and see that its samples are the ones it is
                to hold. Without it a shard that is missing or shorter is still noticed, one with other bytes is not.

        Raises:
            ConfigurationError: If there is no finished store, it has another format, or a shard is torn or changed.
        """
        manifest = read_manifest(path)
        if manifest is None:
            is_begun = (path / UNFINISHED).is_dir()
            raise ConfigurationError(
                f"{path}: expected a finished sample store, found "
                + ("an unfinished one; the same predict command goes on with it" if is_begun else f"no {MANIFEST}")
                + ("" if is_begun else "; run predict first")
            )
        start = 0
        for shard in manifest["shards"]:
            rows = range(start, start := start + shard["num_samples"])
            problem = find_problem(path / shard["file"], shard, verify)
            if problem or (verify and (problem := _find_other_samples(path / shard["file"], rows))):
                raise ConfigurationError(
                    f"{path / shard['file']}: expected the shard that the manifest names, {problem}; remove the file "
                    "and run the same predict again, which draws what it held"
                )
        return cls(path, manifest)

    def __len__(self) -> int:
        return int(self.manifest["num_samples"])

    def __iter__(self) -> Iterator[GeneratedBatch]:
        for shard in self.manifest["shards"]:
            yield self._batch(load_file(self.path / shard["file"]))

    def _batch(self, fields: dict[str, Tensor]) -> GeneratedBatch:
        index, samples, variance = (fields.pop(k) for k in ("index", "samples", "trajectory_variance"))
        kinds = self.manifest["kinds"]
        details = {name: fields.pop(name) for name in self.manifest.get("details", ())}
        verdict = SupportVerdict(fields.pop("kind"), fields.pop("mode"), tuple(kinds), details) if kinds else None
        windows, block_size = tuple(self.manifest["windows"]), self.manifest["block_size"]
        return GeneratedBatch(index, samples, variance, windows, block_size, verdict, fields)


def read_manifest(path: Path) -> dict[str, Any] | None:
    """Read the manifest of a store; None where there is none.

    Raises:
        ConfigurationError: If it is of another format.
    """
    if not (path / MANIFEST).is_file():
        return None
    manifest: dict[str, Any] = json.loads((path / MANIFEST).read_text())
    if manifest["format"] != FORMAT:
        raise ConfigurationError(
            f"{path}: expected a sample store of format {FORMAT}, got format {manifest['format']}, which another "
            "version wrote; draw it again with --run.overwrite true"
        )
    return manifest


def fields_of(batch: GeneratedBatch) -> dict[str, Tensor]:
    """Tensors of a batch by the names that they have in a store."""
    fields = {"index": batch.index, "samples": batch.samples, "trajectory_variance": batch.trajectory_variance}
    if batch.verdict:
        fields |= {"kind": batch.verdict.kind, "mode": batch.verdict.mode, **batch.verdict.details}
    return {**fields, **batch.statistics}


def read_index(file: Path) -> Tensor:
    """Numbers of the samples in a shard or part, (n,) int64, no two alike.

    Raises:
        ConfigurationError: If the file is torn, or holds a number twice.
    """
    try:
        with safe_open(file, "pt") as content:
            index = torch.as_tensor(content.get_tensor("index"))
    except SafetensorError as error:
        raise ConfigurationError(
            f"{file}: expected a whole safetensors file, got a torn one ({error}); remove it and run predict again, "
            "which draws what it held"
        ) from error
    if len(index.unique()) < len(index):
        raise ConfigurationError(
            f"{file}: expected each sample once, found some twice; remove it and run predict again, which draws what "
            "it held"
        )
    return index


def find_problem(file: Path, shard: Mapping[str, Any], verify: bool) -> str | None:
    """Say what is wrong with a shard; None if nothing is.

    Args:
        file: The shard.
        shard: What the manifest says of it.
        verify: Compare its bytes with the checksum too.
    """
    if not file.is_file():
        return "found it missing"
    if file.stat().st_size != shard["num_bytes"]:
        return f"found {file.stat().st_size:,} bytes instead of {shard['num_bytes']:,}"
    if verify and sha256(file) != shard["sha256"]:
        return "found other bytes under its name"
    return None


def _find_other_samples(file: Path, rows: range) -> str | None:
    """Say whether a shard holds other samples than it is to; rows that an earlier version lost are all number 0."""
    with safe_open(file, "pt") as content:
        index = torch.as_tensor(content.get_tensor("index"))
    return None if torch.equal(index, torch.arange(rows.start, rows.stop)) else "found other samples in it"
