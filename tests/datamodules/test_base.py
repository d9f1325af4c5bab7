"""The contract of a data module; a plug-in author calls `check_datamodule` on theirs."""

import inspect

import pytest
import torch

from lightning_modeinterp.datamodules import GaussianMixtureDataModule, ModeInterpDataModule
from lightning_modeinterp.diffusion.generation import Generation, Monitor
from lightning_modeinterp.metrics import GenerationMetric

BUILDERS = {
    GaussianMixtureDataModule: lambda seed: GaussianMixtureDataModule(
        [1.0, 2.0, 3.0], size=50, validation_size=30, test_size=7, batch_size=20, seed=seed
    ),
}


def concrete_subclasses(base):
    below = [c for child in base.__subclasses__() for c in (child, *concrete_subclasses(child))]
    return [c for c in below if not inspect.isabstract(c) and c.__module__.startswith("lightning_modeinterp")]


def check_datamodule(make):
    """Float samples of the declared shape, splits that share nothing, the same twice and others for another seed."""
    data, again, other = make(0), make(0), make(1)
    samples = {split: torch.cat(list(data._data(split))) for split in ("train", "validation", "test")}
    for split, values in samples.items():
        assert values.dtype == torch.float32
        assert values.shape[1:] == data.sample_shape
        assert torch.equal(values, torch.cat(list(again._data(split))))
        assert not torch.equal(values, torch.cat(list(other._data(split))))
        assert data.to_data_units(values).shape == values.shape
    rows = torch.cat(list(samples.values())).flatten(1)
    assert len(rows.unique(dim=0)) == len(rows)
    if data.support is not None:
        for values in samples.values():
            assert data.support.judge(data.to_data_units(values)).in_support.double().mean() > 0.99
    assert all(isinstance(metric, GenerationMetric) for metric in data.metrics())
    exact = data.exact_denoiser()
    assert exact is None or exact.sample_shape == data.sample_shape


@pytest.mark.parametrize("subclass", concrete_subclasses(ModeInterpDataModule))
def test_contract(subclass):
    check_datamodule(BUILDERS[subclass])  # a KeyError here: add a line to BUILDERS for the new data module


@pytest.fixture
def data():
    data = BUILDERS[GaussianMixtureDataModule](0)
    data.generation = Generation(num_samples=20, block_size=8, monitor=Monitor(num_samples=9))
    return data


def test_training_serves_whole_batches_in_a_new_order_each_epoch(data):
    loader = data.train_dataloader()
    first, second = list(loader), list(loader)
    assert [len(batch) for batch in first] == [20, 20]
    assert not torch.equal(torch.cat(first), torch.cat(second))


def test_validation_and_test_serve_data_and_the_blocks_to_draw(data):
    samples, requests = data.val_dataloader()
    assert torch.equal(torch.cat(list(samples)), data.make_dataset("validation").samples)
    assert [block.tolist() for block in requests] == [[0], [1]]
    samples, requests = data.test_dataloader()
    assert torch.equal(torch.cat(list(samples)), data.make_dataset("test").samples)
    assert [block.tolist() for block in requests] == [[0], [1], [2]]


def test_prediction_serves_the_blocks_to_draw(data):
    assert torch.cat(list(data.predict_dataloader())).tolist() == [0, 1, 2]


def test_a_monitor_of_no_samples_asks_for_none(data):
    data.generation = Generation(monitor=Monitor(num_samples=0))
    assert list(data.val_dataloader()[1]) == []


def test_no_seed_is_seed_zero():
    make = BUILDERS[GaussianMixtureDataModule]
    assert torch.equal(make(None).make_dataset("train").samples, make(0).make_dataset("train").samples)
