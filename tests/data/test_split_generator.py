import pytest
import torch

from lightning_modeinterp.data.split_generator import split_generator
from lightning_modeinterp.errors import ConfigurationError


def drawn(size=3, seed=0, split="train"):
    return torch.rand(3, generator=split_generator(size, seed, split)).tolist()


def test_seed_and_split_alone_say_what_is_drawn():
    assert drawn() == drawn() == drawn(size=7)
    assert len({tuple(each) for each in (drawn(), drawn(seed=1), drawn(split="test"))}) == 3


@pytest.mark.parametrize("size", [0, -5])
def test_refuses_no_samples(size):
    with pytest.raises(ConfigurationError, match=f"test size: expected at least 1 sample, got {size}"):
        split_generator(size, 0, "test")
