import torch

from lightning_modeinterp.trajectories import TrajectoryVariance, VarianceMap, Window

WINDOW = Window(steps=(3, 12))


def test_each_coordinate_has_the_variance_of_its_own_path(observe, levels, make_trajectory):
    x_0_hats = make_trajectory(200, (1, 4, 5))
    inside = x_0_hats.double()[199 - 12 : 200 - 3]
    result = observe(VarianceMap(WINDOW), x_0_hats, levels)
    torch.testing.assert_close(result, inside.var(0, unbiased=False).float())


def test_its_mean_is_the_trajectory_variance(observe, levels, make_trajectory):
    x_0_hats = make_trajectory(200, (1, 4, 5))
    mean = observe(VarianceMap(WINDOW), x_0_hats, levels).flatten(1).mean(1)
    (variance,) = observe(TrajectoryVariance({"w": WINDOW}), x_0_hats, levels).T
    torch.testing.assert_close(mean, variance.float())


def test_of_some_rows_alone(observe, levels, make_trajectory):
    x_0_hats = make_trajectory(200, (1, 4, 5))
    some = observe(VarianceMap(WINDOW, rows=[5, 2]), x_0_hats, levels)
    assert torch.equal(some, observe(VarianceMap(WINDOW), x_0_hats, levels)[[5, 2]])
