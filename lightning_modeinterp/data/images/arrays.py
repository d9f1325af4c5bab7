"""Arrays from files, as they come: ``.npy``, ``.npz`` and idx."""

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lightning_modeinterp.data.images.idx import read_idx
from lightning_modeinterp.errors import ConfigurationError


def read_array(path: str | Path, name: str | None = None) -> NDArray[np.generic]:
    """Read an array; a ``.npy`` file is mapped, not read.

    Args:
        path: ``.npy``, ``.npz``, or idx under any other name, packed where it ends in ``.gz``.
        name: Which array of an ``.npz`` file. Its only one if None.

    Raises:
        ConfigurationError: If there is no such file or array, or it cannot be read.
    """
    path = Path(path)
    if not path.is_file():
        raise ConfigurationError(f"{path}: expected an array file (.npy, .npz or idx), found none")
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
        raise ConfigurationError(f"{path}: expected a whole {path.suffix} file of numbers, got {error}") from error


def _chosen(path: Path, names: list[str], name: str | None) -> str:
    if name is None and len(names) == 1:
        return names[0]
    if name not in names:
        raise ConfigurationError(
            f"{path}: expected the name of one of its arrays, which are {', '.join(names) or 'none'}, got {name}"
        )
    return name
