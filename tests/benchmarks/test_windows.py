"""The pure parts of the benchmark of windows."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from windows import in_units_of_the_data, judge, matrix, scales_of, span, sweep_edges

from lightning_modeinterp.data.gaussian import GaussianGridDataModule, GaussianMixtureDataModule
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.diffusion.samplers import AncestralSampler
from lightning_modeinterp.figures import DataScales
from lightning_modeinterp.judged_samples import JudgedSamples
from lightning_modeinterp.metrics.functional import wilson_interval
from lightning_modeinterp.records import SupportVerdict
from lightning_modeinterp.trajectories import Window, WindowSweep

LEVELS = AncestralSampler(1000).levels(LinearBetaSchedule(1000, 0.001, 0.2))


def scored(scores, hallucinated):
    hallucinated = torch.tensor(hallucinated)
    index = torch.arange(len(scores))
    verdict = SupportVerdict(2 * hallucinated.to(torch.int8), index, ("in_support", "ambiguous", "off"))
    return JudgedSamples(torch.zeros(len(scores), 1), {"w": torch.tensor(scores)}, verdict, index, 1)


def test_edges_lie_between_levels_and_begin_below_the_lowest():
    edges = np.array(sweep_edges(LEVELS, highest=4.0))
    noise = LEVELS.noise_to_signal.flip(0).numpy()
    assert edges[0] < noise[0] < edges[1]
    assert 3 < edges[-1] <= 4.0
    assert (np.diff(edges) > 0).all()
    places = np.searchsorted(noise, edges)
    assert len(set(places)) == len(edges)  # a level at least between any two
    assert len(WindowSweep(edges.tolist()).windows(LEVELS)) > 100


def test_a_threshold_comes_from_calibrate_and_counts_from_final():
    calibrate = scored([*map(float, range(1, 26)), 99.0], [False] * 25 + [True])
    final = scored([1.0, 24.0, 25.0, 24.5, 3.0], [False, False, False, True, True])
    row = judge("w", calibrate, final)
    assert row["threshold"] == 24
    assert row["removed"] == [0.5, *wilson_interval(1, 2)]
    assert row["retained"] == [2 / 3, *wilson_interval(2, 3)]
    assert (row["num_hallucinated"], row["num_in_support"]) == (2, 3)
    assert row["auroc"][0] == pytest.approx((2 + 1) / 6)


def test_the_matrix_has_a_window_at_its_two_edges():
    grid = matrix([1.0, 2.0, 3.0], [(1.0, 3.0), (2.0, 3.0)], [0.5, 0.7])
    assert (grid[0, 2], grid[1, 2]) == (0.5, 0.7)
    assert np.isnan(grid).sum() == 7


def test_scales_are_those_of_the_mixture():
    assert scales_of(GaussianMixtureDataModule([1.0, 2.0, 4.0], 0.05)) == DataScales(0.05, 1.0)
    assert scales_of(GaussianMixtureDataModule([1.0], 0.05)) == DataScales(0.05, None)
    in_model_units = scales_of(GaussianGridDataModule())
    assert in_model_units.mode_std == pytest.approx(0.05 / 2.8289, rel=1e-4)
    assert in_model_units.mode_spacing == pytest.approx(2 / 2.8289, rel=1e-4)
    assert scales_of(object()) is None
    assert "1 to 4 mode stds, 0.05 to 0.2 mode spacings" in in_units_of_the_data((0.05, 0.2), DataScales(0.05, 1.0))


def test_the_span_of_a_window_is_that_of_its_steps():
    noise = LEVELS.noise_to_signal.flip(0)
    assert span(Window(last_steps=10), LEVELS) == (noise[0].item(), noise[9].item())
