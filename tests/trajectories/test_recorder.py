import torch

from lightning_modeinterp.trajectories import TrajectoryRecorder


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
