import gzip
import struct

import numpy as np
import pytest

from lightning_modeinterp.data.images import read_idx
from lightning_modeinterp.errors import ConfigurationError


def idx(values, code):
    header = struct.pack(f">HBB{values.ndim}I", 0, code, values.ndim, *values.shape)
    return header + values.astype(values.dtype.newbyteorder(">")).tobytes()


@pytest.mark.parametrize(
    ("dtype", "code"), [(np.uint8, 8), (np.int8, 9), (np.int16, 11), (np.int32, 12), (np.float32, 13), (np.float64, 14)]
)
def test_all_types(tmp_path, dtype, code):
    values = np.arange(24).reshape(2, 3, 4).astype(dtype)
    (tmp_path / "a").write_bytes(idx(values, code))
    (tmp_path / "b.gz").write_bytes(gzip.compress(idx(values, code), mtime=0))
    for name in ("a", "b.gz"):
        read = read_idx(tmp_path / name)
        assert read.dtype == dtype
        assert np.array_equal(read, values)


WHOLE = idx(np.zeros((2, 3), dtype=np.uint8), 8)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a", b"", "expected an idx file, which begins"),
        ("a", b"\x89PNG....", "expected an idx file, which begins"),
        ("a", WHOLE[:-1], r"expected 18 bytes for an idx file of shape \(2, 3\), got 17"),
        ("a", WHOLE + b"\0", "expected 18 bytes"),
        ("a", WHOLE[:7], "download it again"),
        ("a.gz", gzip.compress(WHOLE, mtime=0)[:-9], "gzip file, got a broken one"),
        ("a.gz", WHOLE, "gzip file, got a broken one"),
    ],
)
def test_broken_files(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigurationError, match=message):
        read_idx(tmp_path / name)


def test_a_missing_file(tmp_path):
    with pytest.raises(ConfigurationError, match="expected an idx file, found none"):
        read_idx(tmp_path / "a")
