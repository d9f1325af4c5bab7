"""Points between two groups, beside one of them, and in a mixture of both."""

import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics.functional import neighbours_of_both


def cloud(num, dimensions, seed):
    return torch.randn(num, dimensions, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("dimensions", [1, 5, 200])
def test_it_is_what_sklearns_neighbours_give(dimensions):
    points, first, second = (cloud(num, dimensions, seed) for seed, num in enumerate([50, 40, 60]))
    found = NearestNeighbors(n_neighbors=8).fit(torch.cat([first, second]).numpy()).kneighbors(points.numpy())[1]
    share = (torch.from_numpy(found) < 40).double().mean(1)
    assert torch.equal(neighbours_of_both(points, first, second, 8), (share >= 0.25) & (share <= 0.75))


def test_what_lies_between_has_both_and_what_lies_beside_one_does_not():
    first, second = cloud(40, 3, 0) * 0.1 + 1, cloud(40, 3, 1) * 0.1 - 1
    assert neighbours_of_both(torch.zeros(1, 3), first, second).all()
    assert not neighbours_of_both(torch.tensor([[1.0, 1.0, 1.0], [-5.0, -5.0, -5.0]]), first, second).any()


def test_a_quarter_of_the_neighbours_is_enough():
    first, second = torch.zeros(5, 1), torch.tensor([[1.0], [2.0], [3.0], [4.0], [5.0]])
    point = torch.tensor([[-1.0]])
    assert [neighbours_of_both(point, first, second, number).item() for number in (5, 6, 7, 10)] == [
        False,  # five of the first
        False,  # one of six
        True,  # two of seven
        True,  # five of ten
    ]


@pytest.mark.parametrize("number", [0, 8])
def test_there_have_to_be_enough_neighbours(number):
    with pytest.raises(ConfigurationError, match=f"expected 1 to A .* got {number} among"):
        neighbours_of_both(torch.zeros(1, 2), torch.zeros(3, 2), torch.zeros(4, 2), number)


def test_all_points_have_to_be_of_one_space():
    with pytest.raises(ConfigurationError, match=r"got 1 among \(1, 2\), \(3, 3\) and \(4, 2\)"):
        neighbours_of_both(torch.zeros(1, 2), torch.zeros(3, 3), torch.zeros(4, 2), 1)
