"""Every data module keeps the contract."""

import pytest
import torch

from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.data.gaussian import GaussianGridDataModule, GaussianMixtureDataModule
from lightning_modeinterp.generation import Generation, Monitor
from lightning_modeinterp.records import NoiseLevel
from lightning_modeinterp.testing import check_datamodule
from tests.families import rows
from tests.own_contracts import others

BUILDERS = {
    GaussianGridDataModule: lambda seed: GaussianGridDataModule(
        arrangement="diamond_as_released", size=100, validation_size=50, test_size=75, batch_size=20, seed=seed
    ),
    GaussianMixtureDataModule: lambda seed: GaussianMixtureDataModule(
        [1.0, 2.0, 3.0], size=50, validation_size=30, test_size=7, batch_size=20, seed=seed
    ),
    **rows("DATAMODULES"),
}


@pytest.mark.parametrize("subclass", others(ModeInterpDataModule))
def test_contract(subclass):
    check_datamodule(BUILDERS[subclass])  # a KeyError here: add a line to BUILDERS for the new data module


@pytest.mark.parametrize("subclass", others(ModeInterpDataModule))
def test_the_exact_denoiser_is_made_once_and_goes_where_the_samples_are(subclass):
    """The meta device computes shapes alone, and refuses tensors of another device like a GPU."""
    data, meta = BUILDERS[subclass](0), torch.device("meta")
    exact = data.exact_denoiser_on(torch.device("cpu"))
    assert data.exact_denoiser_on(meta) is exact
    x_t, level = torch.empty(5, *data.sample_shape, device=meta), NoiseLevel(*torch.empty(2, 1, device=meta))
    x_0_hat = exact(x_t, level)
    assert (x_0_hat.device, x_0_hat.shape) == (meta, x_t.shape)


@pytest.fixture
def data():
    data = BUILDERS[GaussianMixtureDataModule](0)
    data.generation = Generation(num_samples=20, block_size=8, monitor=Monitor(num_samples=9))
    return data


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
