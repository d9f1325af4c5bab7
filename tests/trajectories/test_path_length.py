import numpy as np
import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.trajectories import PathLength, Window


def reference(x_0_hats, first, last):
    """Sum of the moves between the steps with first..last left, in float64."""
    num_steps = len(x_0_hats)
    window = x_0_hats.numpy().astype(np.float64)[num_steps - 1 - last : num_steps - first]
    moves = np.diff(window, axis=0).reshape(len(window) - 1, window.shape[1], -1)
    return np.sqrt((moves**2).sum(2)).sum(0)


@pytest.mark.parametrize("shape", [(1,), (2,), (3, 4, 4)])
@pytest.mark.parametrize("window", [None, Window(last_steps=10), Window(steps=(20, 39))], ids=str)
def test_equals_numpy(observe, levels, make_trajectory, shape, window):
    x_0_hats = make_trajectory(200, shape)
    steps = range(200) if window is None else window.steps_left(levels)
    result = observe(PathLength(window), x_0_hats, levels)
    assert (result.shape, result.dtype) == ((16,), torch.float64)
    np.testing.assert_allclose(result.numpy(), reference(x_0_hats, steps[0], steps[-1]), rtol=1e-12)


def test_a_straight_path_is_as_long_as_its_ends_are_apart(observe, levels):
    x_0_hats = torch.linspace(0, 1, 200).reshape(-1, 1, 1) * torch.tensor([[[3.0, 4.0]]])
    assert observe(PathLength(), x_0_hats, levels).item() == pytest.approx(5)


def test_what_happens_outside_the_window_does_not_count(observe, levels, make_trajectory):
    x_0_hats = make_trajectory(200, (2,))
    length = PathLength(Window(steps=(20, 39)))
    elsewhere = x_0_hats.clone()
    elsewhere[:160] = float("nan")
    elsewhere[180:] += 1e6
    assert torch.equal(observe(length, elsewhere, levels), observe(length, x_0_hats, levels))


def test_refuses_a_window_that_does_not_fit(levels):
    with pytest.raises(ConfigurationError, match=r"expected steps within 0\.\.199"):
        PathLength(Window(last_steps=201)).check(levels, (2,))
    PathLength().check(levels, (2,))
