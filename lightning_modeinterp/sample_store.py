"""A directory of generated samples: safetensors shards and a manifest, readable without this package.

A shard holds whole blocks, one tensor a field with the samples along axis 0: ``index``, ``samples``,
``trajectory_variance``, where there is an oracle ``kind`` and ``mode``, and further statistics under their names. The
manifest names shards, checksums, windows and kinds. Shards are written aside and renamed, the manifest comes last: a
directory without one is not a store.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import GeneratedBatch, SupportVerdict

MANIFEST = "manifest.json"
FORMAT = 1


class SampleStoreWriter:
    """Write batches as they come.

    Args:
        path: The directory; must not exist, or be empty.
        provenance: What the samples are a function of; stored in the manifest.
        shard_size: Number of samples after which a shard is written.

    Raises:
        ConfigurationError: If the directory holds something.
    """

    def __init__(self, path: Path, provenance: Mapping[str, Any], shard_size: int = 2**17) -> None:
        if path.exists() and any(path.iterdir()):
            raise ConfigurationError(
                f"{path}: expected no samples there yet; choose another --run.name, or start anew with "
                "--run.overwrite true"
            )
        self.path = path
        self.provenance = dict(provenance)
        self.shard_size = shard_size
        self._waiting: list[GeneratedBatch] = []
        self._shards: list[dict[str, Any]] = []
        self._header: dict[str, Any] = {}

    def add(self, batch: GeneratedBatch) -> None:
        """Take one batch; writes a shard when enough are there."""
        self._waiting.append(batch)
        if sum(len(b) for b in self._waiting) >= self.shard_size:
            self._write_shard()

    def close(self) -> None:
        """Write what is waiting, then the manifest."""
        if self._waiting:
            self._write_shard()
        manifest = {
            "format": FORMAT,
            "num_samples": sum(shard["num_samples"] for shard in self._shards),
            **self._header,
            "shards": self._shards,
            "provenance": self.provenance,
        }
        self.path.mkdir(parents=True, exist_ok=True)
        write_aside(self.path / MANIFEST, json.dumps(manifest, indent=1).encode())

    def _write_shard(self) -> None:
        batches, self._waiting = self._waiting, []
        tensors = {
            name: torch.cat([_fields(b)[name] for b in batches]).cpu().contiguous() for name in _fields(batches[0])
        }
        first = batches[0]
        self._header = {
            "block_size": first.block_size,
            "windows": list(first.windows),
            "kinds": list(first.verdict.kinds) if first.verdict else None,
        }
        self.path.mkdir(parents=True, exist_ok=True)
        name = f"shard-{len(self._shards):05d}.safetensors"
        aside = self.path / f".{name}.tmp"
        save_file(tensors, aside)
        checksum = hashlib.sha256(aside.read_bytes()).hexdigest()
        os.replace(aside, self.path / name)
        self._shards.append({"file": name, "num_samples": len(tensors["index"]), "sha256": checksum})


class SampleStore:
    """A finished store.

    Args:
        path: The directory.

    Raises:
        ConfigurationError: If there is no manifest or it has another format.
    """

    def __init__(self, path: Path) -> None:
        if not (path / MANIFEST).is_file():
            raise ConfigurationError(
                f"{path}: expected a finished sample store, found no {MANIFEST}; run predict first"
            )
        self.path = path
        self.manifest: dict[str, Any] = json.loads((path / MANIFEST).read_text())
        if self.manifest["format"] != FORMAT:
            raise ConfigurationError(f"{path}: expected store format {FORMAT}, got {self.manifest['format']}")

    def __len__(self) -> int:
        return int(self.manifest["num_samples"])

    def __iter__(self) -> Iterator[GeneratedBatch]:
        """One batch a shard, checked against its checksum.

        Raises:
            ConfigurationError: If a shard is missing or has changed.
        """
        for shard in self.manifest["shards"]:
            yield self._read(shard)

    def _read(self, shard: Mapping[str, Any]) -> GeneratedBatch:
        file = self.path / shard["file"]
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != shard["sha256"]:
            raise ConfigurationError(f"{file}: expected the shard that the manifest names, found it missing or changed")
        tensors = load_file(file)
        index, samples, variance = (tensors.pop(k) for k in ("index", "samples", "trajectory_variance"))
        kinds = self.manifest["kinds"]
        verdict = SupportVerdict(tensors.pop("kind"), tensors.pop("mode"), tuple(kinds)) if kinds else None
        windows, block_size = tuple(self.manifest["windows"]), self.manifest["block_size"]
        return GeneratedBatch(index, samples, variance, windows, block_size, verdict, tensors)


def write_aside(path: Path, content: bytes) -> None:
    """Write a file under another name and rename it, so that no reader ever sees a part of it."""
    aside = path.with_name(f".{path.name}.tmp")
    aside.write_bytes(content)
    os.replace(aside, path)


def _fields(batch: GeneratedBatch) -> dict[str, Tensor]:
    fields = {"index": batch.index, "samples": batch.samples, "trajectory_variance": batch.trajectory_variance}
    if batch.verdict:
        fields |= {"kind": batch.verdict.kind, "mode": batch.verdict.mode}
    return {**fields, **batch.statistics}
