from functools import partial

import numpy as np
import pytest
import torch

from lightning_modeinterp.data.images import ArrayDataModule, read_array
from lightning_modeinterp.data.images.arrays import ends_sha256
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.testing import check_datamodule

BYTES = np.random.default_rng(0).integers(0, 256, (300, 3, 4, 4), dtype=np.uint8)
FLOATS = np.random.default_rng(1).uniform(-3, 5, (300, 2))


@pytest.fixture
def saved(tmp_path):
    def save(values):
        np.save(tmp_path / "a.npy", values)
        return tmp_path / "a.npy"

    return save


@pytest.mark.parametrize(
    ("values", "options"),
    [(BYTES, {}), (BYTES.transpose(0, 2, 3, 1), {"is_channels_last": True}), (FLOATS, {"value_range": (-3.0, 5.0)})],
    ids=["images", "channels_last", "vectors"],
)
def test_contract(saved, values, options):
    check_datamodule(partial(ArrayDataModule, saved(values), batch_size=20, **options), is_recorded=True)


def test_shapes_and_units(saved):
    data = ArrayDataModule(saved(BYTES[:, 0]))
    assert data.sample_shape == (1, 4, 4)
    rows = data.make_dataset("train")
    assert rows[3].shape == (1, 4, 4)
    assert torch.allclose(data.to_data_units(rows[torch.arange(9)]), torch.tensor(BYTES[rows.rows[:9], :1]).float())
    vectors = ArrayDataModule(saved(FLOATS), value_range=(-3.0, 5.0))
    assert vectors.sample_shape == (2,)
    assert vectors.make_dataset("test")[torch.arange(30)].abs().max() <= 1


def test_npz(tmp_path):
    np.savez(tmp_path / "a.npz", images=BYTES, labels=np.arange(300))
    with pytest.raises(ConfigurationError, match="one of its arrays, which are images, labels, got None"):
        read_array(tmp_path / "a.npz")
    assert ArrayDataModule(tmp_path / "a.npz", "images").sample_shape == (3, 4, 4)
    np.savez_compressed(tmp_path / "b.npz", BYTES)
    assert np.array_equal(read_array(tmp_path / "b.npz"), BYTES)


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (FLOATS, {}, "value_range: expected the lowest and highest value of the data, since they are float64"),
        (FLOATS, {"value_range": (1.0, 1.0)}, "value_range"),
        (np.zeros((300, 4, 4, 3), dtype=np.uint8), {}, "got 4 with is_channels_last: false; set it to true"),
        (np.zeros((300, 2, 2, 2, 2), dtype=np.uint8), {}, r"expected numbers of shape \(N, D\)"),
        (np.zeros((300, 2), dtype=complex), {}, "got complex128"),
        (BYTES, {"batch_size": 241}, "expected 1 to the 240 training samples"),
    ],
)
def test_refuses(saved, values, options, message):
    with pytest.raises(ConfigurationError, match=message):
        ArrayDataModule(saved(values), **options)


@pytest.mark.parametrize("value", [np.nan, 5.1, -np.inf])
def test_numbers_beyond_the_range_are_refused_before_training(saved, value):
    values = FLOATS.copy()
    values[299, 1] = value
    with pytest.raises(ConfigurationError, match=r"expected numbers from -3.0 to 5.0, got"):
        ArrayDataModule(saved(values), value_range=(-3.0, 5.0)).setup("fit")


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ConfigurationError, match=r"expected an array file \(.npy, .npz or idx\), found none"):
        read_array(tmp_path / "a.npy")
    for name in ("a.npy", "a.npz"):
        (tmp_path / name).write_bytes(b"no array")
        with pytest.raises(ConfigurationError, match=r"expected a complete .np. file of numbers"):
            read_array(tmp_path / name)
    np.save(tmp_path / "b.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(ConfigurationError, match=r"expected a complete .npy file of numbers"):
        read_array(tmp_path / "b.npy")


@pytest.mark.parametrize("changed", [0, 2**20 + 7, 2**22 - 1])
def test_a_file_is_known_by_its_size_beginning_and_end(tmp_path, changed):
    content = bytearray(2**22)
    (tmp_path / "a").write_bytes(content)
    (tmp_path / "longer").write_bytes(content + b"0")
    content[changed] = 1
    (tmp_path / "changed").write_bytes(content)
    first = ends_sha256(tmp_path / "a")
    assert first != ends_sha256(tmp_path / "longer")
    is_seen = changed != 2**20 + 7  # neither in the first MiB nor in the last: the price of not reading all
    assert (first != ends_sha256(tmp_path / "changed")) is is_seen
