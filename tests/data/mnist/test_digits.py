import gzip
import shutil

import numpy as np
import pytest

from lightning_modeinterp.data.mnist import MNISTDataModule, read_digits, resized
from lightning_modeinterp.errors import ConfigurationError
from tests.digits import write_idx


@pytest.fixture
def copied(digits, tmp_path):
    shutil.copytree(digits, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_both_halves(digits):
    for half, number in (("train", 4000), ("test", 1000)):
        read = read_digits(digits, half)
        assert read.images.shape == (number, 28, 28)
        assert read.images.dtype == np.uint8
        assert set(read.labels.tolist()) == set(range(10))


def test_packed_files_and_a_root_without_folders(digits, tmp_path):
    for file in (digits / "MNIST/raw").iterdir():
        (tmp_path / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes(), 1))
    assert np.array_equal(read_digits(tmp_path, "test").images, read_digits(digits, "test").images)


def test_digits_are_known_wherever_they_lie(digits, tmp_path):
    content = MNISTDataModule.content_of({"root": digits})
    for file in (digits / "MNIST/raw").iterdir():
        (tmp_path / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes(), 1))
    assert MNISTDataModule.content_of({"root": str(tmp_path)}) == content
    images = tmp_path / "t10k-images-idx3-ubyte.gz"
    changed = bytearray(gzip.decompress(images.read_bytes()))
    changed[-1] ^= 1
    images.write_bytes(gzip.compress(changed, 1))
    assert MNISTDataModule.content_of({"root": tmp_path}) != content
    assert MNISTDataModule.content_of({"root": tmp_path / "empty", "download": True}) is None


def test_sizes_keep_the_ink(digits):
    images = read_digits(digits, "test").images
    assert resized(images, 28).shape == (1000, 1, 28, 28)
    framed, small = resized(images, 32), resized(images, 16)
    assert np.array_equal(framed[:, 0, 2:-2, 2:-2], images)
    assert framed.sum() == images.sum()
    assert small.dtype == np.uint8
    expected = framed[:, 0].reshape(1000, 16, 2, 16, 2).astype(float).mean((2, 4))
    assert np.abs(small[:, 0] - expected).max() <= 0.5


def test_missing_files_are_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"train-images-idx3-ubyte.*MNIST/raw, found no t10k-images.*download"):
        read_digits(tmp_path, "test")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((1000, 32, 32), dtype=np.uint8), r"expected test images of shape \(N, 28, 28\)"),
        (np.zeros((999, 28, 28), dtype=np.uint8), "and N labels"),
    ],
)
def test_other_shapes(copied, values, message):
    write_idx(copied / "MNIST/raw/t10k-images-idx3-ubyte", values)
    with pytest.raises(ConfigurationError, match=message):
        read_digits(copied, "test")


def test_labels_that_are_no_digits(copied):
    write_idx(copied / "MNIST/raw/t10k-labels-idx1-ubyte", np.full(1000, 10, dtype=np.uint8))
    with pytest.raises(ConfigurationError, match="labels from 0 to 9"):
        read_digits(copied, "test")


def test_a_corrupt_file(copied):
    path = copied / "MNIST/raw/t10k-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ConfigurationError, match=r"expected 784,016 bytes .* got 784,015"):
        read_digits(copied, "test")
