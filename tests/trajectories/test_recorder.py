import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.trajectories import TrajectoryRecorder, Window


def test_keeps_every_prediction_of_the_rows_first_step_first(observe, levels, make_trajectory):
    x_0_hats = make_trajectory(200, (2, 3))
    recorded = observe(TrajectoryRecorder([5, 0, 9]), x_0_hats, levels)
    assert recorded.shape == (3, 200, 2, 3)
    for row, sample in enumerate([5, 0, 9]):
        assert torch.equal(recorded[row], x_0_hats[:, sample])


def test_what_is_kept_is_no_view_of_the_block(observe, levels, make_trajectory):
    x_0_hats = make_trajectory(200, (2,))
    expected = x_0_hats[:, 1:2].transpose(0, 1).clone()
    recorder = TrajectoryRecorder([1])
    state = recorder.init(x_0_hats[0], levels)
    recorded = observe(recorder, x_0_hats, levels)
    x_0_hats.zero_()
    assert state.x_0_hat == ()
    assert torch.equal(recorded, expected)


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({}, slice(None)),
        ({"window": Window(last_steps=5)}, slice(-5, None)),
        ({"window": Window(steps=(4, 9)), "every": 2}, slice(-9, -4, 2)),
        ({"every": 30}, slice(19, None, 30)),
    ],
    ids=str,
)
def test_keeps_chosen_steps_of_all_samples(settings, kept, observe, levels, make_trajectory):
    x_0_hats = make_trajectory(200, (2,))
    expected = x_0_hats[kept].transpose(0, 1).clone()
    assert torch.equal(observe(TrajectoryRecorder(**settings), x_0_hats, levels), expected)


def test_all_rows_are_no_view_of_the_block_either(observe, levels, make_trajectory):
    x_0_hats = make_trajectory(200, (2,))
    expected = x_0_hats.transpose(0, 1).clone()
    recorded = observe(TrajectoryRecorder(), x_0_hats, levels)
    x_0_hats.zero_()
    assert torch.equal(recorded, expected)


def test_refuses_what_keeps_no_step(levels):
    with pytest.raises(ConfigurationError, match=r"TrajectoryRecorder.every: expected at least 1, got 0"):
        TrajectoryRecorder(every=0)
    with pytest.raises(ConfigurationError, match="the sampler has no such step"):
        TrajectoryRecorder(window=Window(last_steps=201)).check(levels, (2,))
