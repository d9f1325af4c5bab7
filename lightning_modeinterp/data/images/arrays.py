"""Arrays from files: ``.npy``, ``.npz`` and idx."""

import hashlib
import os
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lightning_modeinterp.data.images.idx import read_idx
from lightning_modeinterp.errors import ConfigurationError

_ENDS = 2**20
"""Number of bytes to hash at the beginning and at the end of a file, since a file may be very large."""


def ends_sha256(path: str | Path) -> str:
    """Checksum of a file's size and of its first and last MiB.

    Raises:
        ConfigurationError: If there is no such file.
    """
    _check_is_there(Path(path))
    with Path(path).open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        digest = hashlib.sha256(str(size).encode())
        for start in (0, max(size - _ENDS, 0)):
            file.seek(start)
            digest.update(file.read(_ENDS))
    return digest.hexdigest()


def read_array(path: str | Path, name: str | None = None) -> NDArray[np.generic]:
    """Read an array; a ``.npy`` file is memory-mapped.

    Args:
        path: ``.npy``, ``.npz``, or idx under any other name, compressed if it ends in ``.gz``.
        name: Which array of an ``.npz`` file. Its only one if None.

    Raises:
        ConfigurationError: If there is no such file or array, or it cannot be read.
    """
    path = Path(path)
    _check_is_there(path)
    if path.suffix not in (".npy", ".npz"):
        return read_idx(path)
    try:
        content = np.load(path, mmap_mode="r", allow_pickle=False)
        array: NDArray[np.generic] = (
            content if path.suffix == ".npy" else content[_chosen(path, list(content.files), name)]
        )
        return array
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        if isinstance(error, ConfigurationError):
            raise
        raise ConfigurationError(f"{path}: expected a complete {path.suffix} file of numbers, got {error}") from error


def _check_is_there(path: Path) -> None:
    if not path.is_file():
        raise ConfigurationError(f"{path}: expected an array file (.npy, .npz or idx), found none")


def _chosen(path: Path, names: list[str], name: str | None) -> str:
    if name is None and len(names) == 1:
        return names[0]
    if name not in names:
        raise ConfigurationError(
            f"{path}: expected the name of one of its arrays, which are {', '.join(names) or 'none'}, got {name}"
        )
    return name
