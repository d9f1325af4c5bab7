import pytest
import torch

from lightning_modeinterp.detectors import Ink


def test_it_is_the_share_of_white():
    images = torch.full((3, 1, 4, 4), -1.0)
    images[1, :, :2] = 1.0
    images[2] = 0.0  # grey all over
    assert Ink().score(images, None, None).tolist() == [0, 0.5, 0.5]


def test_what_is_beyond_black_and_white_counts_as_they_do():
    images = torch.tensor([[-3.0, 5.0], [-1.0, 1.0]])
    first, second = Ink().score(images, None, None).tolist()
    assert first == second == 0.5


@pytest.mark.parametrize(("black", "white", "expected"), [(0.0, 1.0, 0.25), (1.0, 0.0, 0.75)])
def test_black_and_white_may_be_other_values(black, white, expected):
    assert Ink(black, white).score(torch.tensor([[0.0, 0.5]]), None, None).item() == expected
