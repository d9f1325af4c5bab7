import pytest
import torch

from lightning_modeinterp.data.images import to_data_units
from lightning_modeinterp.data.shapes import SimpleShapes, SimpleShapesDataset
from lightning_modeinterp.errors import ConfigurationError

DISTRIBUTION = SimpleShapes()


def make_dataset(size=200, seed=0, split="train"):
    return SimpleShapesDataset(DISTRIBUTION, size, seed, split)


def test_the_same_arguments_give_the_same_data_whatever_was_drawn_before():
    expected = make_dataset().images
    torch.manual_seed(7)
    torch.randn(3)
    assert torch.equal(make_dataset().images, expected)


@pytest.mark.parametrize("other", [{"seed": 1}, {"split": "validation"}, {"split": "test"}], ids=str)
def test_another_seed_or_split_gives_other_data(other):
    assert not torch.equal(make_dataset(**other).images, make_dataset().images)


def test_the_truth_is_kept_with_the_images():
    dataset = make_dataset()
    assert torch.equal(DISTRIBUTION.draw(dataset.placed, len(dataset)), dataset.images)


def test_one_image_and_a_batch_at_a_time_in_model_units():
    dataset = make_dataset()
    assert len(dataset) == 200
    assert dataset[4].shape == (1, 64, 64)
    batch = dataset[torch.tensor([4, 0, 199])]
    assert torch.equal(batch, torch.stack([dataset[4], dataset[0], dataset[199]]))
    assert (batch.dtype, batch.unique().tolist()) == (torch.float32, [-1, 1])
    assert torch.equal(to_data_units(batch).to(torch.uint8), dataset.images[[4, 0, 199]])


@pytest.mark.parametrize("size", [0, -5])
def test_refuses_no_images(size):
    with pytest.raises(ConfigurationError, match="test size: expected at least 1 sample"):
        make_dataset(size=size, split="test")
