import pytest
import torch

from lightning_modeinterp.data.gaussian import GaussianMixture, GaussianMixtureDataset
from lightning_modeinterp.errors import ConfigurationError

MIXTURE = GaussianMixture([[0.0, 1.0], [2.0, -1.0], [0.5, 0.5]], std=0.05)


def make_dataset(size=300, seed=0, split="train"):
    return GaussianMixtureDataset(MIXTURE, size, seed, split)


def test_the_same_arguments_give_the_same_data_whatever_was_drawn_before():
    expected = make_dataset().samples
    torch.manual_seed(7)
    torch.randn(3)
    assert torch.equal(make_dataset().samples, expected)


@pytest.mark.parametrize("other", [{"seed": 1}, {"split": "validation"}, {"split": "test"}], ids=str)
def test_another_seed_or_split_gives_other_data(other):
    assert not torch.isclose(make_dataset(**other).samples, make_dataset().samples, rtol=0, atol=1e-7).all(1).any()


def test_samples_are_float32_and_balanced_over_the_modes():
    samples = make_dataset().samples
    assert (samples.dtype, samples.shape) == (torch.float32, (300, 2))
    nearest = torch.cdist(samples.double(), MIXTURE.means).argmin(1)
    assert torch.equal(nearest, torch.arange(300) % 3)


def test_one_sample_and_a_batch_at_a_time():
    dataset = make_dataset()
    assert len(dataset) == 300
    assert dataset[4].shape == (2,)
    assert torch.equal(dataset[torch.tensor([4, 0, 299])], torch.stack([dataset[4], dataset[0], dataset[299]]))


@pytest.mark.parametrize("size", [0, -5])
def test_refuses_no_samples(size):
    with pytest.raises(ConfigurationError, match="test size: expected at least 1 sample"):
        make_dataset(size=size, split="test")
