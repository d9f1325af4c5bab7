"""A directory of generated samples: safetensors shards and a manifest, readable without this package.

A shard holds the samples of a fixed number of whole blocks, one tensor per field with the samples along axis 0:
``index``, ``samples``, ``diverged``, the scores, with an oracle ``kind``, ``mode`` and its details, and further
statistics under their names. The manifest lists shards, checksums, scores, kinds, details and the fingerprint:
everything that determines the samples. It is written last, so a directory without one is not a store. Equal
fingerprints give equal bytes, for any number of processes and interruptions; times, host and paths, which may differ,
are in ``provenance.json``.

A store may come from a stranger: nothing in it is imported or run, and nothing outside its directory is read.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import UnionType
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
FORMAT = 3

SHARD_NAME = re.compile(r"shard-\d{5,}\.safetensors")

OF_MANIFEST: dict[str, type | UnionType] = {
    "num_samples": int,
    "block_size": int,
    "num_diverged": int,
    "scores": list,
    "kinds": list | None,
    "shards": list,
    "fingerprint": dict,
}
OF_SHARD: dict[str, type | UnionType] = {"file": str, "num_samples": int, "num_bytes": int, "sha256": str}
"""Required fields and their types."""


class SampleStore:
    """A finished store; `SampleStore.open` checks and opens it.

    Iterating gives one batch per shard. Its tensors are memory-mapped: only the parts in use are read.

    Args:
        path: The directory.
        manifest: Its manifest.
    """

    def __init__(self, path: str | Path, manifest: Mapping[str, Any]) -> None:
        self.path = Path(path)
        self.manifest = manifest

    @classmethod
    def open(cls, path: str | Path, verify: bool = True) -> Self:
        """Open a store.

        Args:
            path: The directory.
            verify: Read every shard once, and check its checksum and the indices of its samples. Without it a missing
                or shorter shard is still noticed, one with other bytes is not.

        Raises:
            ConfigurationError: If there is no finished store, it has another format, its manifest is invalid, or a
                shard is damaged, changed or a link.
        """
        path = Path(path)
        manifest = read_manifest(path)
        if manifest is None:
            is_begun = (path / UNFINISHED).is_dir()
            raise ConfigurationError(
                f"{path}: expected a finished sample store, found "
                + ("an unfinished one; the same predict command resumes it" if is_begun else f"no {MANIFEST}")
                + ("" if is_begun else "; run predict first")
            )
        start = 0
        for shard in manifest["shards"]:
            rows = range(start, start := start + shard["num_samples"])
            problem = find_problem(path / shard["file"], shard, verify)
            if problem or (verify and (problem := _find_other_samples(path / shard["file"], rows))):
                raise ConfigurationError(
                    f"{path / shard['file']}: expected the shard that the manifest names, {problem}; remove the file "
                    "and run the same predict again, which redraws its samples"
                )
        return cls(path, manifest)

    def __len__(self) -> int:
        return int(self.manifest["num_samples"])

    def __iter__(self) -> Iterator[GeneratedBatch]:
        for shard in self.manifest["shards"]:
            yield self._batch(load_file(self.path / shard["file"]))

    def _batch(self, fields: dict[str, Tensor]) -> GeneratedBatch:
        kinds, named, scored = self.manifest["kinds"], self.manifest.get("details", ()), self.manifest["scores"]
        needed = ("index", "samples", "diverged", *scored, *(("kind", "mode", *named) if kinds else ()))
        if missing := [name for name in needed if name not in fields]:
            raise ConfigurationError(
                f"{self.path}: expected a store with {', '.join(missing)}, got {', '.join(fields)}"
            )
        index, samples, diverged = (fields.pop(name) for name in needed[:3])
        scores = {name: fields.pop(name) for name in scored}
        details = {name: fields.pop(name) for name in named}
        verdict = SupportVerdict(fields.pop("kind"), fields.pop("mode"), tuple(kinds), details) if kinds else None
        return GeneratedBatch(index, samples, scores, self.manifest["block_size"], verdict, fields, diverged)


def read_manifest(path: Path) -> dict[str, Any] | None:
    """Read the manifest of a store; None where there is none.

    Raises:
        ConfigurationError: If it has another format or is invalid.
    """
    if not (path / MANIFEST).is_file():
        return None
    manifest = read_json(path / MANIFEST)
    if manifest.get("format") != FORMAT:
        raise ConfigurationError(
            f"{path}: expected a sample store of format {FORMAT}, got format {manifest.get('format')}, which another "
            "version wrote; draw it again with --run.overwrite true"
        )
    _check_types(path, manifest, OF_MANIFEST)
    for shard in manifest["shards"]:
        _check_types(path, shard, OF_SHARD)
        if not SHARD_NAME.fullmatch(shard["file"]):
            raise ConfigurationError(
                f"{path / MANIFEST}: expected names of shards such as shard-00000.safetensors, got {shard['file']!r}; "
                "the store was not written by this package"
            )
    return manifest


def read_json(file: Path) -> dict[str, Any]:
    """Read a JSON file of named values.

    Raises:
        ConfigurationError: If it has other content.
    """
    try:
        values = json.loads(file.read_bytes())
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise ConfigurationError(f"{file}: expected JSON with named values; the store was not written by this package")
    return values


def _check_types(path: Path, values: Any, types: Mapping[str, type | UnionType]) -> None:
    for name, expected in types.items():
        if not isinstance(values, dict) or not isinstance(values.get(name), expected):
            said = getattr(expected, "__name__", str(expected))
            raise ConfigurationError(
                f"{path / MANIFEST}: expected {name} to be {said}; the store was not written by this package"
            )


def fields_of(batch: GeneratedBatch) -> dict[str, Tensor]:
    """Tensors of a batch by their names in a store.

    Raises:
        ConfigurationError: If two have the same name.
    """
    own = {"index": batch.index, "samples": batch.samples, "diverged": batch.diverged}
    judged = {"kind": batch.verdict.kind, "mode": batch.verdict.mode, **batch.verdict.details} if batch.verdict else {}
    groups = (own, batch.scores, judged, batch.statistics)
    fields = {name: values for group in groups for name, values in group.items()}
    if len(fields) < sum(map(len, groups)):
        names = [name for group in groups for name in group]
        repeated = sorted({name for name in names if names.count(name) > 1})
        raise ConfigurationError(
            f"sample store: expected one column of each name, got two {', '.join(repeated)}; rename one"
        )
    return fields


def read_index(file: Path) -> Tensor:
    """Indices of the samples in a shard or part, (n,) int64, each once.

    Raises:
        ConfigurationError: If the file is a link, damaged, or has an index twice.
    """
    if file.is_symlink():
        raise ConfigurationError(f"{file}: expected a file in the store, found a link; replace it by its target")
    try:
        with safe_open(file, "pt") as content:
            index = torch.as_tensor(content.get_tensor("index"))
    except SafetensorError as error:
        raise ConfigurationError(
            f"{file}: expected a complete safetensors file, got a damaged one ({error}); remove it and run predict "
            "again, which redraws its samples"
        ) from error
    if (index.sort().values.diff() == 0).any():
        raise ConfigurationError(
            f"{file}: expected each sample once, found some twice; remove it and run predict again, which redraws "
            "its samples"
        )
    return index


def find_problem(file: Path, shard: Mapping[str, Any], verify: bool) -> str | None:
    """Say what is wrong with a shard; None if nothing is.

    Args:
        file: The shard.
        shard: Its entry in the manifest.
        verify: Also compare its bytes with the checksum.
    """
    if file.is_symlink():
        return "found a link to another file"
    if not file.is_file():
        return "found it missing"
    if file.stat().st_size != shard["num_bytes"]:
        return f"found {file.stat().st_size:,} bytes instead of {shard['num_bytes']:,}"
    if verify and sha256(file) != shard["sha256"]:
        return "found other bytes under its name"
    return None


def _find_other_samples(file: Path, rows: range) -> str | None:
    """Say whether a shard holds other samples than it should."""
    is_whole = torch.equal(read_index(file), torch.arange(rows.start, rows.stop))
    return None if is_whole else "found other samples in it"
