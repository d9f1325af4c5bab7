import itertools
import math

import numpy as np
import pytest
import torch

from lightning_modeinterp.metrics.functional import count_between, mode_pairs, neighbours

GRID = torch.tensor(list(itertools.product([0.0, 2.0, 4.0, 6.0, 8.0], repeat=2)), dtype=torch.float64)


def pairs_by_hand(means):
    """From the definition: distances of third modes from the middle of a pair."""
    neighbours, diagonals = [], []
    for i, j in itertools.combinations(range(len(means)), 2):
        middle, radius = (means[i] + means[j]) / 2, np.linalg.norm(means[i] - means[j]) / 2
        others = np.delete(means, [i, j], axis=0)
        nearest = np.linalg.norm(others - middle, axis=1).min(initial=math.inf)
        if nearest > radius * (1 + 1e-6):
            neighbours.append([i, j])
        elif nearest > radius * (1 - 1e-6):
            diagonals.append([i, j])
    return neighbours, diagonals


def found(means):
    pairs = mode_pairs(means)
    return pairs.modes[~pairs.is_diagonal].tolist(), pairs.modes[pairs.is_diagonal].tolist()


@pytest.mark.parametrize("turn", [0.0, math.pi / 4, 0.3])
@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_a_grid_has_its_edges_and_the_diagonals_of_its_cells_however_it_lies(turn, size):
    rotation = torch.tensor([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]], dtype=torch.float64)
    neighbours, diagonals = found(size * (GRID @ rotation) + size)
    assert (len(neighbours), len(diagonals)) == (2 * 5 * 4, 2 * 4 * 4)
    assert {(GRID[i] - GRID[j]).norm().item() for i, j in neighbours} == {2.0}


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_pairs_are_those_of_the_definition(dimension):
    means = torch.rand(20, dimension, generator=torch.Generator().manual_seed(dimension), dtype=torch.float64)
    assert found(means) == pairs_by_hand(means.numpy())


def test_the_long_diagonal_of_a_cube_is_a_diagonal_and_two_steps_along_a_line_are_nothing():
    cube = torch.tensor(list(itertools.product([0.0, 1.0], repeat=3)), dtype=torch.float64)
    assert found(cube) == pairs_by_hand(cube.numpy())
    assert [0, 7] in found(cube)[1]
    assert found(torch.tensor([[0.0], [1.0], [2.0]], dtype=torch.float64)) == ([[0, 1], [1, 2]], [])


def test_a_single_mode_has_no_pair():
    pairs = mode_pairs(torch.zeros(1, 2, dtype=torch.float64))
    assert (pairs.modes.shape, pairs.is_diagonal.shape) == ((0, 2), (0,))
    assert count_between(torch.zeros(3, 2), torch.zeros(1, 2, dtype=torch.float64), pairs.modes, 1.0).shape == (0,)


def test_counts_equal_a_loop_in_numpy():
    modes = mode_pairs(GRID).modes
    points = 9 * torch.rand(500, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 0.5
    expected = np.zeros(len(modes), dtype=int)
    for point in points.numpy():
        distances = []
        for i, j in modes.tolist():
            start, end = GRID[i].numpy(), GRID[j].numpy()
            share = np.clip((point - start) @ (end - start) / ((end - start) @ (end - start)), 0, 1)
            distances.append(np.linalg.norm(point - start - share * (end - start)))
        if min(distances) <= 0.25:
            expected[int(np.argmin(distances))] += 1
    assert 0 < expected.sum() < 500
    assert count_between(points, GRID, modes, radius=0.25).tolist() == expected.tolist()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_points_that_are_not_finite_count_for_no_pair(value):
    points = torch.tensor([[value, 0.0], [value, value], [1.0, 0.0]])
    assert count_between(points, GRID, mode_pairs(GRID).modes, radius=0.25).sum() == 1


def test_no_points_count_nothing():
    assert count_between(torch.zeros(0, 2), GRID, mode_pairs(GRID).modes, radius=0.25).sum() == 0


@pytest.mark.parametrize(
    ("means", "pairs"),
    [
        ([[1.0]], []),
        ([[1.0], [1.0]], []),
        ([[1.0], [2.0], [3.0]], [[0, 1], [1, 2]]),
        ([[1.0], [2.0], [4.0], [5.0]], [[0, 1], [1, 2], [2, 3]]),
        ([[0.0, 0.0], [0.0, 3.0], [1.0, 0.0]], [[0, 1], [0, 2]]),
    ],
)
def test_neighbours_by_hand(means, pairs):
    assert neighbours(torch.tensor(means, dtype=torch.float64)).tolist() == pairs


def test_neighbours_of_a_grid_are_its_edges():
    means = torch.cartesian_prod(*2 * [torch.arange(5, dtype=torch.float64)]) * 0.1  # no number of tenths is exact
    pairs = neighbours(means)
    assert len(pairs) == 40
    lengths = (means[pairs[:, 0]] - means[pairs[:, 1]]).norm(dim=1)
    torch.testing.assert_close(lengths, torch.full((40,), 0.1, dtype=torch.float64))
