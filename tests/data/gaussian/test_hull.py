import pytest
import torch

from lightning_modeinterp.data.gaussian import uniform_in_hull


def draw(means, num_points=20_000, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return uniform_in_hull(torch.tensor(means, dtype=torch.float64), num_points, generator)


def test_points_fill_a_triangle_evenly():
    points = draw([[1.0, 1.0], [4.0, 1.0], [1.0, 3.0]])
    x, y = points[:, 0] - 1, points[:, 1] - 1
    assert ((x >= 0) & (y >= 0) & (x / 3 + y / 2 <= 1 + 1e-12)).all()
    # the mean of a triangle is that of its corners; halving both legs gives a quarter of the area
    torch.testing.assert_close(points.mean(0), torch.tensor([2.0, 5 / 3], dtype=torch.float64), atol=0.03, rtol=0)
    assert (x / 1.5 + y / 1 <= 1).double().mean().item() == pytest.approx(0.25, abs=0.015)


def test_modes_on_a_line_are_taken_on_it():
    points = draw([[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]], 1000)
    assert len(points) == 1000
    torch.testing.assert_close(points[:, 1], 2 * points[:, 0], atol=1e-12, rtol=0)
    assert points[:, 0].min() >= -1e-12
    assert points[:, 0].max() <= 2 + 1e-12


@pytest.mark.parametrize("means", [[[1.0, 2.0]], torch.eye(8).tolist()], ids=["one mode", "seven dimensions"])
def test_no_point_where_there_is_no_hull_to_draw_from(means):
    assert draw(means, 100).shape == (0, len(means[0]))
