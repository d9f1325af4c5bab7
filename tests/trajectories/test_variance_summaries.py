import numpy as np
import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.trajectories import VarianceSummaries, WindowSweep

EDGES = [0.012, 0.05, 0.4, 5.0]


def test_each_summary_is_that_of_the_pixels_variances(observe, levels, make_trajectory):
    x_0_hats = make_trajectory(200, (1, 5, 7))
    sweep = VarianceSummaries(EDGES, quantiles=(1.0, 0.8), largest=(4, 99), num_columns=3)
    assert sweep.names == ("mean", "max", "q0.8", "top_4", "top_99", "columns")
    result = observe(sweep, x_0_hats, levels)
    assert result.shape == (16, len(sweep.windows(levels)), 6)
    for column, window in enumerate(sweep.windows(levels)):
        steps = window.steps_left(levels)
        variance = x_0_hats.double()[199 - steps[-1] : 200 - steps[0]].var(0, unbiased=False).numpy()[:, 0]
        flat = np.sort(variance.reshape(16, 35), axis=1)
        strips = [variance[:, :, :3], variance[:, :, 3:5], variance[:, :, 5:]]
        expected = [
            flat.mean(1),
            flat[:, -1],
            np.quantile(flat, 0.8, axis=1, method="higher"),
            flat[:, -4:].mean(1),
            flat.mean(1),
            np.max([strip.reshape(16, -1).mean(1) for strip in strips], axis=0),
        ]
        np.testing.assert_allclose(result[:, column].numpy(), np.stack(expected, axis=1), rtol=1e-9)


@pytest.mark.parametrize("number", [2, 11, 21, 101, 4096])
@pytest.mark.parametrize("percent", [1, 50, 70, 80, 90, 95, 99, 100])
def test_a_quantile_is_the_least_value_that_so_many_do_not_exceed(observe, levels, number, percent):
    x_0_hats = torch.zeros(200, 16, number)
    x_0_hats[::2] = 1 + torch.arange(number)  # variances rise with the place
    sweep = VarianceSummaries(EDGES, quantiles=(percent / 100,), largest=(), num_columns=None)
    result = observe(sweep, x_0_hats, levels)[0, 0, 1].item()
    place = -(-percent * (number - 1) // 100)  # in whole numbers, rounded up
    everything = VarianceSummaries(EDGES, quantiles=(1.0,), largest=(), num_columns=None)
    alone = observe(everything, x_0_hats[..., place : place + 1], levels)[0, 0, 1].item()
    assert result == pytest.approx(alone)


def test_the_mean_is_that_of_the_sweep(observe, levels, make_trajectory):
    x_0_hats = make_trajectory(200, (1, 4, 4))
    summaries = observe(VarianceSummaries(EDGES), x_0_hats, levels)
    torch.testing.assert_close(summaries[:, :, 0], observe(WindowSweep(EDGES), x_0_hats, levels))


def flood(is_bright):
    """Patches of a (H, W) image, each a set of places, found by hand."""
    left, patches = {(int(y), int(x)) for y, x in is_bright.nonzero()}, []
    while left:
        patch, edge = set(), [left.pop()]
        while edge:
            y, x = edge.pop()
            patch.add((y, x))
            near = {(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)} & left
            left -= near
            edge += near
        patches.append(patch)
    return patches


def test_the_most_restless_component(observe, levels, make_trajectory):
    """Patches are those of the last prediction; touching corners do not join them, nor does the next image."""
    x_0_hats = make_trajectory(200, (2, 6, 7)) - 3
    image = torch.rand(16, 6, 7, generator=torch.Generator().manual_seed(0)) - 0.6
    image[3] = -1.0  # empty
    image[4] = 1.0
    image[5, -1, -1] = image[5, -2, -2] = 0.5
    x_0_hats += torch.stack([image + 0.1, image - 0.1], dim=1)
    sweep = VarianceSummaries(EDGES, has_components=True)
    assert sweep.names[-1] == "components"
    result = observe(sweep, x_0_hats, levels)
    assert result.shape == (16, len(sweep.windows(levels)), len(sweep.names))
    torch.testing.assert_close(result[..., :-1], observe(VarianceSummaries(EDGES), x_0_hats, levels))
    patches = [flood(each) for each in x_0_hats[-1].mean(1) > 0]
    assert patches[3] == []
    assert max(map(len, patches)) > 3
    for column, window in enumerate(sweep.windows(levels)):
        steps = window.steps_left(levels)
        variance = x_0_hats.double()[199 - steps[-1] : 200 - steps[0]].var(0, unbiased=False).mean(1)
        expected = [
            max((torch.stack([variance[i, y, x] for y, x in patch]).mean() for patch in found), default=torch.zeros(()))
            for i, found in enumerate(patches)
        ]
        torch.testing.assert_close(result[:, column, -1], torch.stack(expected).double(), rtol=1e-9, atol=1e-15)


def test_without_columns():
    assert VarianceSummaries(EDGES, quantiles=(), largest=(), num_columns=None).names == ("mean",)


@pytest.mark.parametrize(
    "settings", [{"quantiles": (0.0,)}, {"quantiles": (1.1,)}, {"largest": (0,)}, {"num_columns": 0}], ids=str
)
def test_refuses(settings):
    with pytest.raises(ConfigurationError, match=r"expected quantiles in \(0, 1\]"):
        VarianceSummaries(EDGES, **settings)


def test_components_are_those_of_images(observe, levels, make_trajectory):
    with pytest.raises(ConfigurationError, match=r"got samples of shape \(2,\); set it to false"):
        observe(VarianceSummaries(EDGES, has_components=True), make_trajectory(200, (2,)), levels)
