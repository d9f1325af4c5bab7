"""Write a sample store so that a killed run resumes at the first missing block.

Each process writes its samples to parts in ``unfinished/``, some blocks each. Once all samples are there, one process
sorts them into shards and writes the manifest. A sample's row depends only on its index, so rows may come from parts
and shards, in any order and even twice: a larger set reuses the shards of a smaller one.
"""

import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.files import aside_of, publish, sha256, write_aside
from lightning_modeinterp.fingerprints import differences
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.sample_store.store import (
    FORMAT,
    MANIFEST,
    UNFINISHED,
    fields_of,
    find_problem,
    read_index,
    read_json,
    read_manifest,
)

FINGERPRINT = "fingerprint.json"
HEADER = ("scores", "kinds", "details")
"""Key of a shard's or part's description of its columns."""


class SampleStoreWriter:
    """Writes the samples of one process to a store.

    One process calls `prepare` before and `finish` after; all call `add` and `flush` in between, each for its share of
    `missing_blocks`.

    Args:
        path: The directory.
        fingerprint: Everything that determines the samples, except their number. Plain data that JSON preserves.
        num_samples: Number of samples of the finished store.
        block_size: Samples in a block.
        shard_bytes: Approximate size of a shard; it sets the number of blocks per shard, so it is part of the format.
        seconds: Interval at which samples are written, at the end of a block.
    """

    def __init__(
        self,
        path: str | Path,
        fingerprint: Mapping[str, Any],
        num_samples: int,
        block_size: int,
        shard_bytes: int = 2**26,
        seconds: float = 30.0,
    ) -> None:
        self.path = Path(path)
        self.fingerprint = dict(fingerprint)
        self.num_samples, self.block_size = num_samples, block_size
        self.shard_bytes, self.seconds = shard_bytes, seconds
        self._waiting: list[GeneratedBatch] = []
        self._num_waiting_bytes = 0
        self._last_write = time.monotonic()

    def check(self) -> None:
        """Refuse a directory that holds something else; writes nothing.

        Raises:
            ConfigurationError: If there are samples with another fingerprint, more samples than requested, or files
                that are not a store's.
        """
        manifest = read_manifest(self.path)
        begun = self.path / UNFINISHED / FINGERPRINT
        if manifest is None and not begun.is_file():
            if any(file.is_file() and not file.name.startswith(".") for file in self.path.rglob("*")):
                raise ConfigurationError(
                    f"{self.path}: expected a sample store or an empty directory, found other files; choose another "
                    "--run.name, or replace it with --run.overwrite true"
                )
            return
        stored = manifest["fingerprint"] if manifest else _read_begun(begun)
        if found := differences(stored, self.fingerprint):
            raise ConfigurationError(
                f"{self.path}: expected the settings of the samples that are there; {'; '.join(found)}. Choose another "
                "--run.name, or replace them with --run.overwrite true"
            )
        if manifest and manifest["num_samples"] > self.num_samples:
            raise ConfigurationError(
                f"{self.path}: expected num_samples of at least the {manifest['num_samples']} that are there, got "
                f"{self.num_samples}; the first {self.num_samples} of them are the requested ones"
            )

    def prepare(self) -> None:
        """Check the directory, and start or resume."""
        self.check()
        if not self.is_finished():
            (self.path / UNFINISHED).mkdir(parents=True, exist_ok=True)
            begun = {"format": FORMAT, "fingerprint": self.fingerprint}
            write_aside(self.path / UNFINISHED / FINGERPRINT, json.dumps(begun, indent=1).encode())

    def is_finished(self) -> bool:
        """Whether the manifest has the requested number of samples, and its shards are there."""
        manifest = read_manifest(self.path)
        if manifest is None or manifest["num_samples"] != self.num_samples:
            return False
        return all(find_problem(self.path / shard["file"], shard, verify=False) is None for shard in manifest["shards"])

    def num_diverged(self) -> int:
        """Number of diverged samples in the finished store; 0 if it is not finished."""
        manifest = read_manifest(self.path)
        return int(manifest["num_diverged"]) if manifest else 0

    def missing_blocks(self) -> Tensor:
        """Sorted numbers of the blocks that have to be drawn, int64."""
        return torch.empty(0, dtype=torch.int64) if self.is_finished() else self._missing_from(self._sources())

    def _missing_from(self, sources: Sequence["_Source"]) -> Tensor:
        num_blocks = -(-self.num_samples // self.block_size)
        is_there = torch.zeros(num_blocks * self.block_size, dtype=torch.bool)
        is_there[self.num_samples :] = True
        for source in sources:
            index = read_index(source.file)
            is_there[index[index < self.num_samples]] = True
        return (~is_there.view(num_blocks, self.block_size).all(dim=1)).nonzero().flatten()

    def add(self, batch: GeneratedBatch) -> None:
        """Add one batch of whole blocks; writes a part when there is enough to write or it is time."""
        self._waiting.append(batch.to(torch.device("cpu")))
        self._num_waiting_bytes += sum(tensor.nbytes for tensor in fields_of(batch).values())
        if self._num_waiting_bytes >= self.shard_bytes or time.monotonic() - self._last_write >= self.seconds:
            self.flush()

    def flush(self) -> None:
        """Write all waiting samples."""
        self._last_write = time.monotonic()
        if not self._waiting:
            return
        batches, self._waiting, self._num_waiting_bytes = self._waiting, [], 0
        first, columns = batches[0], [fields_of(batch) for batch in batches]
        fields = {name: torch.cat([each[name] for each in columns]) for name in columns[0]}
        header: dict[str, Any] = {"scores": list(first.scores), "kinds": None}
        if first.verdict:
            header |= {"kinds": list(first.verdict.kinds), "details": list(first.verdict.details)}
        name = f"part-{int(first.index[0]) // self.block_size:09d}.safetensors"  # unique, since a block is drawn once
        _save(self.path / UNFINISHED / name, fields, header)

    def finish(self) -> int:
        """Sort all samples into shards, then write the manifest, if no block is missing. Memory: one shard.

        Returns:
            Number of missing blocks; 0 if the store is finished.
        """
        if not self.is_finished():
            sources = self._sources()
            if num_missing := len(self._missing_from(sources)):
                return num_missing
            self._write_shards()
        shutil.rmtree(self.path / UNFINISHED, ignore_errors=True)
        return 0

    def _write_shards(self) -> None:
        (self.path / MANIFEST).unlink(missing_ok=True)  # of a smaller set, whose shards are about to change
        ranges = self._ranges()
        self._put_others_among_parts(ranges)
        sources = self._sources()
        header = _header_of(sources[0].file)
        shards = []
        for name, rows in ranges.items():
            file = self.path / name
            if not file.is_file():
                _save(file, _gather(rows, sources), header)
            shards.append({"file": name, "num_samples": len(rows), **_checks(file)})
        manifest = {
            "format": FORMAT,
            "num_samples": self.num_samples,
            "num_diverged": sum(_num_diverged(self.path / name) for name in ranges),
            "block_size": self.block_size,
            **header,
            "shards": shards,
            "fingerprint": self.fingerprint,
        }
        write_aside(self.path / MANIFEST, json.dumps(manifest, indent=1).encode())

    def _sources(self) -> list["_Source"]:
        """Existing shards and parts."""
        files = [*self.path.glob("shard-*.safetensors"), *(self.path / UNFINISHED).glob("part-*.safetensors")]
        return [_Source.of(file) for file in sorted(files)]

    def _ranges(self) -> dict[str, range]:
        """Names of the finished store's shards, and the samples in each."""
        with safe_open(self._sources()[0].file, "pt") as content:
            fields = [content.get_slice(name)[:1] for name in content.keys()]  # noqa: SIM118  # not a dict
        bytes_per_sample = int(sum(field.nbytes for field in fields))
        num_rows = self.block_size * max(1, self.shard_bytes // (self.block_size * bytes_per_sample))
        return {
            f"shard-{number:05d}.safetensors": range(start, min(start + num_rows, self.num_samples))
            for number, start in enumerate(range(0, self.num_samples, num_rows))
        }

    def _put_others_among_parts(self, ranges: Mapping[str, range]) -> None:
        """Make room for new shards: an old shard with other samples may hold rows that later ones need.

        As a part, it is named by its content, so shards of two earlier sizes do not replace each other.
        """
        for torn in self.path.glob(".shard-*.tmp"):  # of a kill, and perhaps of a shard that will not be written again
            torn.unlink()
        for file in sorted(self.path.glob("shard-*.safetensors")):
            held = _Source.of(file)
            if range(held.first, held.last + 1) != ranges.get(file.name):
                os.replace(file, self.path / UNFINISHED / f"part-{held.first:012d}-{held.last:012d}.safetensors")


@dataclass(frozen=True)
class _Source:
    """A file with samples, and their smallest and largest index."""

    file: Path
    first: int
    last: int

    @classmethod
    def of(cls, file: Path) -> "_Source":
        index = read_index(file)
        return cls(file, int(index.min()), int(index.max()))


def _read_begun(file: Path) -> dict[str, Any]:
    """Fingerprint of an unfinished store.

    Raises:
        ConfigurationError: If another version began it.
    """
    begun = read_json(file)
    if begun.get("format") != FORMAT or not isinstance(begun.get("fingerprint"), dict):
        raise ConfigurationError(
            f"{file.parent}: expected a sample store of format {FORMAT}, found one that another version began; draw it "
            "again with --run.overwrite true"
        )
    return dict(begun["fingerprint"])


def _gather(rows: range, sources: Sequence[_Source]) -> dict[str, Tensor]:
    """All fields of some samples, in their order.

    Raises:
        RuntimeError: If a sample is in no source.
    """
    found: dict[str, Tensor] = {}
    is_there = torch.zeros(len(rows), dtype=torch.bool)
    for source in sources:
        if source.first < rows.stop and source.last >= rows.start:
            fields = load_file(source.file)
            asked = (fields["index"] >= rows.start) & (fields["index"] < rows.stop)
            places = fields["index"][asked] - rows.start
            is_there[places] = True
            for name, values in fields.items():
                if name not in found:
                    found[name] = values.new_empty((len(rows), *values.shape[1:]))
                found[name][places] = values[asked]
    if not is_there.all():
        missing = rows.start + int((~is_there).nonzero()[0])
        raise RuntimeError(f"sample {missing} was there and is gone: is another process writing to this store?")
    return found


def _num_diverged(file: Path) -> int:
    with safe_open(file, "pt") as content:
        return int(content.get_tensor("diverged").sum())


def _checks(file: Path) -> dict[str, Any]:
    return {"num_bytes": file.stat().st_size, "sha256": sha256(file)}


def _save(file: Path, fields: dict[str, Tensor], header: Mapping[str, Any]) -> None:
    aside = aside_of(file)
    save_file({name: values.contiguous() for name, values in fields.items()}, aside, {"header": json.dumps(header)})
    publish(aside, file)


def _header_of(file: Path) -> dict[str, Any]:
    with safe_open(file, "pt") as content:
        header: dict[str, Any] = json.loads(content.metadata()["header"])
    return {name: header[name] for name in HEADER if name in header}
