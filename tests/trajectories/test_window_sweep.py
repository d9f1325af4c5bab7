import numpy as np
import pytest
import torch
from torch.utils._pytree import tree_leaves

from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.diffusion.samplers import AncestralSampler
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import SamplingStep
from lightning_modeinterp.trajectories import TrajectoryVariance, Window, WindowSweep

EDGES = [0.012, 0.03, 0.05, 0.1, 0.4, 1.0, 5.0, 50.0]


def one_by_one(observe, sweep, x_0_hats, levels):
    """The same windows by `TrajectoryVariance`."""
    named = {str(i): window for i, window in enumerate(sweep.windows(levels))}
    return observe(TrajectoryVariance(named), x_0_hats, levels)


@pytest.mark.parametrize("shape", [(1,), (2,), (3, 4, 4)])
def test_equals_each_window_alone(observe, levels, make_trajectory, shape):
    x_0_hats, sweep = make_trajectory(200, shape), WindowSweep(EDGES)
    result = observe(sweep, x_0_hats, levels)
    assert (result.shape, result.dtype) == ((16, len(sweep.windows(levels))), torch.float64)
    torch.testing.assert_close(result, one_by_one(observe, sweep, x_0_hats, levels), rtol=1e-9, atol=0)


def test_equals_numpy_where_the_prediction_comes_from_far_off(observe, levels, make_trajectory):
    """The last windows' variance is 1e-10, after a way of 100."""
    x_0_hats = make_trajectory(200, (2,)) + 100 * torch.linspace(1, 0, 200).reshape(-1, 1, 1) ** 20
    sweep = WindowSweep(EDGES)
    result = observe(sweep, x_0_hats, levels)
    for column, window in enumerate(sweep.windows(levels)):
        steps = window.steps_left(levels)
        inside = x_0_hats.numpy().astype(np.float64)[199 - steps[-1] : 200 - steps[0]]
        expected = inside.var(axis=0).reshape(16, -1).mean(1)
        np.testing.assert_allclose(result[:, column].numpy(), expected, rtol=1e-9)


def test_edges_that_lie_on_levels_belong_to_the_windows_on_both_sides(observe, levels, make_trajectory):
    noise = levels.noise_to_signal.flip(0)
    sweep, x_0_hats = WindowSweep(noise[[0, 5, 11, 40]].tolist()), make_trajectory(200, (2,))
    steps = [window.steps_left(levels) for window in sweep.windows(levels)]
    assert steps == [range(6), range(12), range(41), range(5, 12), range(5, 41), range(11, 41)]
    torch.testing.assert_close(
        observe(sweep, x_0_hats, levels), one_by_one(observe, sweep, x_0_hats, levels), rtol=1e-9, atol=0
    )


def test_windows_are_all_pairs_of_edges_with_three_steps(levels):
    noise = levels.noise_to_signal
    expected = [
        Window(noise_to_signal=(low, high))
        for i, low in enumerate(EDGES)
        for high in EDGES[i + 1 :]
        if int(((noise >= low) & (noise <= high)).sum()) >= 3
    ]
    assert list(WindowSweep(EDGES).windows(levels)) == expected
    assert len(expected) > 0
    close = noise.flip(0)[[10, 11, 30]].tolist()  # two of them have no step between them
    assert len(WindowSweep(close).windows(levels)) == 2


def test_a_diverged_trajectory_is_nan_and_spoils_no_other(observe, levels, make_trajectory):
    x_0_hats, sweep = make_trajectory(200, (2,)), WindowSweep(EDGES)
    expected = observe(sweep, x_0_hats, levels)
    x_0_hats[195, 3, 1] = float("inf")
    result = observe(sweep, x_0_hats, levels)
    keep = torch.arange(16) != 3
    assert torch.equal(result[keep], expected[keep])
    touched = [195 in [199 - left for left in window.steps_left(levels)] for window in sweep.windows(levels)]
    assert result[3].isfinite().tolist() == [not each for each in touched]


@pytest.mark.parametrize("num_steps", [50, 200, 800])
def test_memory_grows_with_the_edges_and_not_with_the_steps(num_steps):
    levels, sweep = AncestralSampler(num_steps).levels(LinearBetaSchedule()), WindowSweep([0.01, 0.1, 0.5, 2.0])
    state = sweep.init(torch.zeros(16, 2), levels)
    for i in range(num_steps):
        x = torch.randn(16, 2, generator=torch.Generator().manual_seed(i))
        state = sweep.update(state, SamplingStep(num_steps - 1 - i, levels[i : i + 1], x, x))
    tensors = {id(leaf): leaf for each in state.moments.values() for leaf in tree_leaves(list(vars(each).values()))}
    held = sum(leaf.numel() for leaf in tensors.values() if isinstance(leaf, torch.Tensor))
    assert 0 < held <= 3 * 3 * 16 * 2  # three tensors for each of three segments


@pytest.mark.parametrize("edges", [[], [0.1], [0.2, 0.1], [0.1, 0.1], [0.0, 1.0], [-1.0, 1.0], [float("nan"), 1.0]])
def test_refuses_edges_that_do_not_rise_from_above_zero(edges):
    with pytest.raises(ConfigurationError, match="at least two increasing levels > 0"):
        WindowSweep(edges)


def test_refuses_edges_with_no_window_between_them(levels):
    sweep = WindowSweep([1e-6, 1e-5])
    for use in (lambda levels: sweep.check(levels, (1,)), lambda levels: sweep.init(torch.zeros(2, 1), levels)):
        with pytest.raises(ConfigurationError, match="at least 3 of the sampler's steps between some two"):
            use(levels)
