"""The seam of every loop: what `Sampler.sample` makes of a trajectory a bare loop makes too."""

import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.trajectories import (
    PathLength,
    TrajectoryRecorder,
    TrajectoryVariance,
    TrajectoryWatch,
    Window,
)
from lightning_modeinterp.trajectories.window import MIN_STEPS

BY_NOISE = Window(noise_to_signal=(0.1, 1.0))
LAST = Window(last_steps=10)


def show(watch, x_0_hats, levels, by_number=False):
    """Show a trajectory, as a loop of somebody else does."""
    noise = levels.noise_to_signal.tolist()
    for i, x_0_hat in enumerate(x_0_hats):
        watch.see(x_0_hat, noise[i], len(levels) - 1 - i if by_number else None)
    return watch.results()


@pytest.fixture
def trajectory(make_trajectory):
    return make_trajectory(200, (2,))


@pytest.mark.parametrize("by_number", [False, True])
@pytest.mark.parametrize("knows_x_t", [False, True])
def test_with_levels_it_is_what_the_observers_say(trajectory, levels, observe, by_number, knows_x_t):
    windows = {"noise": BY_NOISE, "last": LAST}
    observers = {"length": PathLength(LAST), "some": TrajectoryRecorder([1, 4])}
    watch = TrajectoryWatch(windows, observers)
    watch.start(trajectory[0] if knows_x_t else None, levels)
    results = show(watch, trajectory, levels, by_number)
    assert list(results) == ["length", "some", "variance/noise", "variance/last"]
    expected = observe(TrajectoryVariance(windows), trajectory, levels)
    assert torch.equal(torch.stack([results["variance/noise"], results["variance/last"]], dim=1), expected)
    for name, observer in observers.items():
        assert torch.equal(results[name], observe(observer, trajectory, levels))


def test_a_window_of_noise_levels_needs_no_announcement(trajectory, levels, observe):
    watch = TrajectoryWatch({"noise": BY_NOISE})
    watch.start()
    results = show(watch, trajectory, levels)
    (expected,) = observe(TrajectoryVariance({"noise": BY_NOISE}), trajectory, levels).unbind(1)
    assert torch.equal(results["variance/noise"], expected)


def test_both_ends_of_a_window_are_in_it(trajectory, levels):
    noise = levels.noise_to_signal
    ends = (noise[100].item(), noise[90].item())
    watch = TrajectoryWatch({"noise": Window(noise_to_signal=ends)})
    watch.start()
    variance = show(watch, trajectory, levels)["variance/noise"]
    expected = trajectory[90:101].double().var(dim=0, correction=0).mean(1)
    torch.testing.assert_close(variance, expected)


def test_a_batch_knows_nothing_of_the_one_before(trajectory, levels):
    watch, fresh = TrajectoryWatch({"noise": BY_NOISE}), TrajectoryWatch({"noise": BY_NOISE})
    for each in (watch, fresh):
        if each is watch:
            each.start()
            show(each, trajectory + 1, levels)
        each.start()
    assert torch.equal(*(show(each, trajectory, levels)["variance/noise"] for each in (watch, fresh)))


def test_a_loop_may_write_over_its_prediction_and_keep_gradients(trajectory, levels):
    watch, expected = TrajectoryWatch({"noise": BY_NOISE}), TrajectoryWatch({"noise": BY_NOISE})
    for each in (watch, expected):
        each.start()
    x_0_hat, weight = torch.empty(trajectory.shape[1:], dtype=torch.float64), torch.ones((), requires_grad=True)
    for each, noise in zip(trajectory.double(), levels.noise_to_signal.tolist(), strict=True):
        x_0_hat.copy_(each)
        watch.see(x_0_hat, noise)
        expected.see(weight * each, noise)
    variance = expected.results()["variance/noise"]
    assert not variance.requires_grad
    assert torch.equal(watch.results()["variance/noise"], variance)


@pytest.mark.parametrize("num_steps", [0, MIN_STEPS - 1])
def test_too_few_steps_in_a_window_are_refused_in_the_end(num_steps):
    watch = TrajectoryWatch({"noise": BY_NOISE})
    watch.start()
    for _ in range(num_steps):
        watch.see(torch.zeros(4, 2), 0.5)
    with pytest.raises(ConfigurationError, match=f"expected at least {MIN_STEPS} .* got {num_steps};"):
        watch.results()


@pytest.mark.parametrize(
    ("watch", "message"),
    [
        (TrajectoryWatch({"last": LAST}), "last_steps=10: expected the levels before the first step"),
        (TrajectoryWatch({"some": Window(steps=(0, 4))}), "expected the levels before the first step"),
        (TrajectoryWatch({"noise": BY_NOISE}, {"length": PathLength()}), "the levels, which length may need"),
    ],
    ids=["last_steps", "steps", "observer"],
)
def test_what_counts_steps_demands_the_levels(watch, message):
    with pytest.raises(ConfigurationError, match=message):
        watch.start()


@pytest.mark.parametrize("knows_x_t", [False, True])
def test_a_window_that_does_not_fit_is_refused_at_the_start(levels, knows_x_t):
    watch = TrajectoryWatch({"last": Window(last_steps=201)})
    with pytest.raises(ConfigurationError, match=r"expected steps within 0\.\.199"):
        watch.start(torch.zeros(4, 2) if knows_x_t else None, levels)


def test_steps_other_than_the_announced_ones_are_refused(levels):
    noise, x_0_hat = levels.noise_to_signal.tolist(), torch.zeros(4, 2)
    watch = TrajectoryWatch({"last": LAST})
    with pytest.raises(ConfigurationError, match=r"expected start\(\) before the first step"):
        watch.see(x_0_hat, 1.0)
    watch.start(levels=levels)
    with pytest.raises(ConfigurationError, match="go from the noisiest level to the cleanest"):
        watch.see(x_0_hat, noise[-1])
    with pytest.raises(ConfigurationError, match="got one with 200 left"):
        watch.see(x_0_hat, noise[0], 200)
    watch.see(x_0_hat, noise[0])
    with pytest.raises(ConfigurationError, match="expected the 200 steps that were announced, got 1"):
        watch.results()
    for each in noise[1:]:
        watch.see(x_0_hat, each)
    with pytest.raises(ConfigurationError, match="got one with -1 left"):
        watch.see(x_0_hat, noise[-1])
