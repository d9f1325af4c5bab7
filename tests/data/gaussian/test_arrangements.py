import itertools
import math

import pytest
import torch

from lightning_modeinterp.data.gaussian import arranged_means, diamond_means, grid_means, grid_scale
from lightning_modeinterp.errors import ConfigurationError


def nearest_distance(means):
    return (torch.cdist(means, means) + 1e9 * torch.eye(len(means))).min().item()


def test_the_grid_is_the_published_one():
    expected = [[2.0 * i, 2.0 * j] for i, j in itertools.product(range(-2, 3), repeat=2)]
    assert arranged_means("grid", 5, 2.0).tolist() == expected


def test_the_released_diamond_has_its_corners_on_the_axes_and_neighbours_at_sqrt_two():
    means = arranged_means("diamond_as_released", 5, 2.0)
    expected = {(float(i - j), float(i + j)) for i, j in itertools.product(range(-2, 3), repeat=2)}
    assert set(map(tuple, means.tolist())) == expected
    assert {(4.0, 0.0), (-4.0, 0.0), (0.0, 4.0), (0.0, -4.0)} <= expected
    assert nearest_distance(means) == pytest.approx(math.sqrt(2))


def test_the_diamond_of_the_same_spacing_is_the_grid_turned_by_45_degrees():
    cos = math.cos(math.pi / 4)
    rotation = torch.tensor([[cos, cos], [-cos, cos]], dtype=torch.float64)
    turned = arranged_means("grid", 5, 2.0) @ rotation
    torch.testing.assert_close(arranged_means("diamond_same_spacing", 5, 2.0), turned)
    assert nearest_distance(turned) == pytest.approx(2.0)


@pytest.mark.parametrize("side", [1, 2, 4, 5])
def test_any_side_gives_its_modes_about_the_origin(side):
    for means in (grid_means(side, 0.7), diamond_means(side, 0.7)):
        assert means.shape == (side**2, 2)
        assert means.mean(0).abs().max() < 1e-12


@pytest.mark.parametrize("side", [2, 5])
def test_the_scale_is_the_standard_deviation_of_a_coordinate(side):
    variance = grid_means(side, 2.0)[:, 0].var(unbiased=False).item() + 0.05**2
    assert grid_scale(side, 2.0, 0.05) == pytest.approx(math.sqrt(variance))


def test_the_published_divisor():
    assert grid_scale(5, 2.0, 0.05) == pytest.approx(math.sqrt(0.05**2 + 8))


@pytest.mark.parametrize(("side", "spacing"), [(0, 2.0), (-1, 2.0), (5, 0.0), (5, -1.0), (5, math.nan), (5, math.inf)])
def test_refuses_what_makes_no_grid(side, spacing):
    with pytest.raises(ConfigurationError, match="expected side >= 1 and spacing > 0"):
        grid_means(side, spacing)


def test_refuses_an_unknown_arrangement():
    with pytest.raises(
        ConfigurationError, match="expected grid, diamond_as_released or diamond_same_spacing, got ring"
    ):
        arranged_means("ring", 5, 2.0)
