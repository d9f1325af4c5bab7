from functools import partial

import numpy as np
import pytest
import torch

from lightning_modeinterp.data.images import ByteImages, ImageFolderDataModule, split_rows, to_bytes
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.testing import check_datamodule


@pytest.fixture
def make(tmp_path, write):
    """Data modules of a folder of three hundred different pictures."""
    generator = np.random.default_rng(0)
    for number in range(300):
        write(f"{number:03d}.png", generator.integers(0, 256, (6, 6, 3), dtype=np.uint8))
    return partial(ImageFolderDataModule, tmp_path / "pictures", image_size=4, cache=tmp_path / "cache", batch_size=20)


def test_contract(make):
    check_datamodule(make, is_recorded=True)
    check_datamodule(partial(make, colours="grey"), is_recorded=True)


def test_sizes_and_units(make):
    data = make()
    data.setup("fit")
    assert data.sample_shape == (3, 4, 4)
    assert [len(data.make_dataset(split)) for split in ("train", "validation", "test")] == [240, 30, 30]
    rows = data.make_dataset("test")
    images = rows[torch.arange(30)]
    assert torch.equal(to_bytes(data.to_data_units(images)), rows.bytes_of(torch.arange(30)))
    assert torch.allclose(data.to_model_units(data.to_data_units(images)), images, atol=1e-6)


def test_a_batch_that_the_training_images_do_not_fill(make):
    with pytest.raises(ConfigurationError, match="batch_size: expected 1 to the 240 training samples, got 241"):
        make(batch_size=241).setup("fit")


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_limit_that_is_no_share(make, share):
    with pytest.raises(ConfigurationError, match="max_broken: expected a share from 0 to 1"):
        make(max_broken=share)


def test_some_broken_files_are_left_out(make, tmp_path):
    (tmp_path / "pictures" / "299.png").write_bytes(b"")
    with pytest.raises(ConfigurationError, match=r"at most 0 of the 300 files .* got 1: 299\.png"):
        make().setup("fit")
    assert len(make(max_broken=0.01).decoded.names) == 299


def test_splits_that_are_empty():
    with pytest.raises(ConfigurationError, match=r"at least 1 of 4 samples, got validation_rate 0.1"):
        split_rows(4, 0.1, 0.5)


def test_byte_images_refuse_other_arrays():
    with pytest.raises(ConfigurationError, match=r"expected bytes of shape \(N, C, H, W\), got float64 of shape"):
        ByteImages(np.zeros((2, 1, 4, 4)))


def test_a_folder_is_known_by_the_names_and_sizes_of_its_files(make, tmp_path):
    content = ImageFolderDataModule.content_of({"folder": tmp_path / "pictures"})
    (tmp_path / "pictures").rename(tmp_path / "moved")
    assert ImageFolderDataModule.content_of({"folder": str(tmp_path / "moved")}) == content
    (tmp_path / "moved" / "000.png").rename(tmp_path / "moved" / "more.png")
    assert ImageFolderDataModule.content_of({"folder": tmp_path / "moved"}) != content
