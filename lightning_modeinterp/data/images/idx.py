"""The idx files of MNIST and similar sets: two zero bytes, a type, the number of axes, their sizes, then the values.

Sizes and values are big-endian.
"""

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lightning_modeinterp.errors import ConfigurationError

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: str | Path) -> NDArray[np.generic]:
    """Read an idx file, also compressed by gzip.

    Args:
        path: The file; compressed if its name ends in ``.gz``.

    Returns:
        The array, in the byte order of this machine.

    Raises:
        ConfigurationError: If there is no such file, or it is not a complete idx file.
    """
    path = Path(path)
    if not path.is_file():
        raise ConfigurationError(f"{path}: expected an idx file, found none")
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigurationError(
            f"{path}: expected a complete gzip file, got a broken one ({error}); download it again"
        ) from error
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in _TYPES:
        raise ConfigurationError(
            f"{path}: expected an idx file, which begins with two zero bytes and a type, got {content[:4]!r}"
        )
    dtype, header = np.dtype(_TYPES[content[2]]), 4 + 4 * content[3]
    shape = struct.unpack(f">{content[3]}I", content[4:header]) if len(content) >= header else ()
    expected = header + int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if len(content) != expected:
        raise ConfigurationError(
            f"{path}: expected {expected:,} bytes for an idx file of shape {shape}, got {len(content):,}; "
            "download it again"
        )
    values = np.frombuffer(content, dtype, offset=header).reshape(shape)
    return values.astype(dtype.newbyteorder("="))
