import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.trajectories import DistanceMoved, PathLength, Window


@pytest.mark.parametrize("shape", [(1,), (2,), (3, 4, 4)])
@pytest.mark.parametrize(("window", "first", "last"), [(None, 190, 199), (Window(steps=(20, 39)), 160, 179)])
def test_is_the_distance_between_the_windows_two_ends(observe, levels, make_trajectory, shape, window, first, last):
    x_0_hats = make_trajectory(200, shape)
    result = observe(DistanceMoved(window), x_0_hats, levels)
    apart = (x_0_hats[last].double() - x_0_hats[first].double()).flatten(1)
    assert (result.shape, result.dtype) == ((16,), torch.float64)
    torch.testing.assert_close(result, apart.square().sum(1).sqrt(), rtol=1e-12, atol=0)


def test_one_that_came_back_has_not_moved_though_its_path_is_long(observe, levels):
    x_0_hats = torch.zeros(200, 1, 2)
    x_0_hats[195] = 1.0
    window = Window(last_steps=10)
    assert observe(DistanceMoved(window), x_0_hats, levels).item() == 0
    assert observe(PathLength(window), x_0_hats, levels).item() == pytest.approx(2 * 2**0.5)


def test_refuses_a_window_that_does_not_fit(levels):
    with pytest.raises(ConfigurationError, match=r"expected steps within 0\.\.199"):
        DistanceMoved(Window(last_steps=201)).check(levels, (2,))
