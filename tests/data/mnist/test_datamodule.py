from functools import partial

import pytest
import torch

from lightning_modeinterp.data.mnist import DigitRates, MNISTDataModule, RejectedDigits
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics import FrechetDistance, KernelDistance
from lightning_modeinterp.testing import check_datamodule


@pytest.fixture
def make(digits):
    return partial(MNISTDataModule, digits, size=1_000, validation_size=700, test_size=700, batch_size=20)


@pytest.mark.parametrize("size", [16, *(pytest.param(size, marks=pytest.mark.slow) for size in (28, 32))])
def test_contract(make, size):
    check_datamodule(partial(make, image_size=size, support=RejectedDigits()), is_recorded=True)


def test_without_an_oracle_the_distances_are_measured(make):
    assert [type(metric) for metric in make().metrics()] == [FrechetDistance, KernelDistance]
    assert type(make(support=RejectedDigits()).metrics()[0]) is DigitRates


def test_splits(digits, make):
    data = make()
    data.setup("fit")
    assert [len(data.make_dataset(split)) for split in ("train", "validation", "test")] == [1_000, 700, 700]
    assert data.labels("validation").shape == (700,)
    whole = MNISTDataModule(digits, size=3_800, validation_size=200, test_size=1_000)
    assert torch.equal(whole.make_dataset("validation").rows, torch.arange(3_800, 4_000))


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"size": 3_401}, r"size \+ validation_size up to the 4000 digits of the files, got 4101"),
        ({"test_size": 1_001}, "test_size up to the 1000 digits"),
    ],
)
def test_more_than_there_are(make, sizes, message):
    with pytest.raises(ConfigurationError, match=message):
        make(**sizes).setup("fit")


def test_missing_files_before_anything_runs(tmp_path):
    with pytest.raises(ConfigurationError, match=r"MNIST: expected .* found no"):
        MNISTDataModule(tmp_path).setup("fit")


def test_what_torchvision_cannot_fetch(tmp_path, monkeypatch):
    import torchvision.datasets

    def refuse(root, download):
        raise RuntimeError("Error downloading train-images-idx3-ubyte.gz")

    monkeypatch.setattr(torchvision.datasets, "MNIST", refuse)
    with pytest.raises(ConfigurationError, match=r"got Error downloading.*; copy them there"):
        MNISTDataModule(tmp_path, download=True).prepare_data()
