import copy

import numpy as np
import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import SamplingStep
from lightning_modeinterp.trajectories import TrajectoryVariance, Window, trajectory_variance

SHAPES = [(1,), (2,), (3, 4, 4)]


def reference(x_0_hats, first, last):
    """Population variance over the steps with first..last left, mean over coordinates, in float64."""
    num_steps = len(x_0_hats)
    window = x_0_hats.numpy().astype(np.float64)[num_steps - 1 - last : num_steps - first]
    return np.var(window, axis=0).reshape(window.shape[1], -1).mean(1)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("num_last", [*range(3, 51, 7), 50, 200])
def test_equals_numpy_over_the_last_steps(observe, levels, make_trajectory, shape, num_last):
    x_0_hats = make_trajectory(200, shape)
    result = observe(TrajectoryVariance({"last": Window(last_steps=num_last)}), x_0_hats, levels)
    assert (result.shape, result.dtype) == ((16, 1), torch.float64)
    np.testing.assert_allclose(result[:, 0].numpy(), reference(x_0_hats, 0, num_last - 1), rtol=1e-6)


@pytest.mark.parametrize("drift", [0.0, 1.0, 100.0])
def test_equals_numpy_where_the_first_prediction_lies_far_off(observe, levels, make_trajectory, drift):
    x_0_hats = make_trajectory(200, (2,)) + drift * torch.linspace(1, 0, 200).reshape(-1, 1, 1) ** 20
    result = observe(TrajectoryVariance({"all": Window(last_steps=200)}), x_0_hats, levels)
    np.testing.assert_allclose(result[:, 0].numpy(), reference(x_0_hats, 0, 199), rtol=1e-6)


def test_many_windows_in_one_pass_equal_each_alone(observe, levels, make_trajectory):
    x_0_hats = make_trajectory(200, (2,))
    windows = {
        "late": Window(last_steps=10),
        "middle": Window(steps=(40, 60)),
        "all": Window(last_steps=200),
        "levels": Window(noise_to_signal=(0.1, 0.5)),
    }
    together = observe(TrajectoryVariance(windows), x_0_hats, levels)
    assert together.shape == (16, 4)
    for column, (name, window) in enumerate(windows.items()):
        alone = observe(TrajectoryVariance({name: window}), x_0_hats, levels)
        assert torch.equal(together[:, column], alone[:, 0])
        steps = window.steps_left(levels)
        np.testing.assert_allclose(alone[:, 0].numpy(), reference(x_0_hats, steps[0], steps[-1]), rtol=1e-6)


def test_what_happens_outside_the_window_does_not_count(observe, levels, make_trajectory):
    x_0_hats = make_trajectory(200, (2,))
    variance = TrajectoryVariance({"middle": Window(steps=(20, 39))})
    elsewhere = x_0_hats.clone()
    elsewhere[:160] += 1e6
    elsewhere[180:] = float("nan")
    assert torch.equal(observe(variance, elsewhere, levels), observe(variance, x_0_hats, levels))
    for inside in (160, 179):
        changed = x_0_hats.clone()
        changed[inside] += 1
        assert (observe(variance, changed, levels) > observe(variance, x_0_hats, levels)).all()


def test_a_trajectory_at_rest_has_no_variance(observe, levels):
    x_0_hats = torch.full((200, 4, 2), 1 / 3)
    assert observe(TrajectoryVariance({"last": Window(last_steps=20)}), x_0_hats, levels).tolist() == [[0.0]] * 4


def test_a_diverged_trajectory_is_nan_and_spoils_no_other(observe, levels, make_trajectory):
    x_0_hats = make_trajectory(200, (2,))
    variance = TrajectoryVariance({"last": Window(last_steps=20)})
    expected = observe(variance, x_0_hats, levels)
    x_0_hats[195, 3, 1] = float("inf")
    result = observe(variance, x_0_hats, levels)
    assert not result[3].isfinite().any()
    keep = torch.arange(16) != 3
    assert torch.equal(result[keep], expected[keep])


def test_an_update_leaves_the_old_state_and_the_step_as_they_were(levels, make_trajectory):
    x_0_hats = make_trajectory(200, (2,))
    variance = TrajectoryVariance({"last": Window(last_steps=5), "wide": Window(last_steps=8)})
    state = variance.init(x_0_hats[0], levels)
    results = []
    for i in range(192, 200):
        before, shown = copy.deepcopy(state), x_0_hats[i].clone()
        step = SamplingStep(199 - i, levels[i : i + 1], shown, shown)
        new = variance.update(state, step)
        assert state.moments.keys() == before.moments.keys()
        for name, moments in state.moments.items():
            assert moments.count == before.moments[name].count
            for field in ("pivot", "total", "total_of_squares"):
                assert torch.equal(getattr(moments, field), getattr(before.moments[name], field))
        assert torch.equal(shown, x_0_hats[i])
        if i == 199:  # the same update twice gives the same
            results = [variance.result(s) for s in (new, variance.update(state, step))]
        state = new
    assert torch.equal(*results)


def test_refuses_no_window_and_windows_that_do_not_fit(levels):
    with pytest.raises(ConfigurationError, match="windows: expected at least one, got none"):
        TrajectoryVariance({})
    variance = TrajectoryVariance({"fits": Window(last_steps=10), "not": Window(last_steps=201)})
    for use in (lambda levels: variance.check(levels, (1,)), lambda levels: variance.init(torch.zeros(2, 1), levels)):
        with pytest.raises(ConfigurationError, match=r"last_steps=201: expected steps within 0\.\.199"):
            use(levels)


@pytest.mark.parametrize(
    "window",
    [Window(last_steps=10), Window(steps=(5, 30)), Window(noise_to_signal=(0.1, 1.0))],
    ids=["last_steps", "steps", "noise_to_signal"],
)
@pytest.mark.parametrize("sample_shape", [(2,), (1, 4, 4)])
def test_variance_of_a_record_is_that_of_the_observer(make_trajectory, levels, observe, window, sample_shape):
    x_0_hat = make_trajectory(200, sample_shape)
    (expected,) = observe(TrajectoryVariance({"w": window}), x_0_hat, levels).unbind(1)
    assert torch.equal(trajectory_variance(x_0_hat, window, levels.noise_to_signal), expected)
    if window.noise_to_signal is None:
        assert torch.equal(trajectory_variance(x_0_hat.requires_grad_(), window), expected)


@pytest.mark.parametrize(
    ("window", "noise", "message"),
    [
        (Window(last_steps=2), None, "expected at least 3"),
        (Window(last_steps=6), None, r"expected steps within 0\.\.4"),
        (Window(noise_to_signal=(0.1, 9.0)), None, "expected noise_to_signal of each step, got none"),
        (Window(noise_to_signal=(0.1, 9.0)), [4.0, 3.0, 2.0], "a level for each of the 5 steps, noisiest first, got 3"),
        (Window(noise_to_signal=(0.1, 9.0)), [1.0, 2.0, 3.0, 4.0, 5.0], "got 5 that do not decrease"),
        (Window(noise_to_signal=(6.0, 9.0)), [5.0, 4.0, 3.0, 2.0, 1.0], "expected noise levels within"),
    ],
)
def test_a_record_that_does_not_fit_the_window_is_refused(window, noise, message):
    with pytest.raises(ConfigurationError, match=message):
        trajectory_variance(torch.zeros(5, 8, 2), window, noise)
