import itertools
import math

import numpy as np
import pytest
import torch
from scipy.stats import chi

from lightning_modeinterp.data.gaussian import GaussianMixture, GaussianModes
from lightning_modeinterp.errors import ConfigurationError

IN_SUPPORT, AMBIGUOUS, INTERPOLATED, INVALID = range(4)
LINE = GaussianMixture([1.0, 2.0, 3.0], std=0.05)
GRID = GaussianMixture([[2.0 * i, 2.0 * j] for i, j in itertools.product(range(-2, 3), repeat=2)], std=0.05)


def kinds_of(oracle, points):
    return oracle.judge(torch.tensor(points, dtype=torch.float64)).kind.tolist()


def test_the_names_of_the_kinds():
    assert GaussianModes(LINE).kinds == ("in_support", "ambiguous", "interpolated", "invalid")


@pytest.mark.parametrize(
    ("x", "kind"),
    [
        (1.0, IN_SUPPORT), (1.249, IN_SUPPORT), (0.751, IN_SUPPORT), (3.249, IN_SUPPORT),
        (1.251, INTERPOLATED), (1.5, INTERPOLATED), (2.749, INTERPOLATED),
        (0.749, INVALID), (3.251, INVALID), (-50.0, INVALID),
    ],
)  # fmt: skip
def test_points_on_the_line(x, kind):
    assert kinds_of(GaussianModes(LINE), [[x]]) == [kind]


@pytest.mark.parametrize(
    ("point", "kind"),
    [
        ((2.0, -4.0), IN_SUPPORT),
        ((2.15, -3.85), IN_SUPPORT),  # at 4.2 sigma, diagonally
        ((2.2, -3.8), INTERPOLATED),  # at 5.7, but 4 sigma beside a segment
        ((2.26, -3.74), INVALID),  # 5.2 sigma beside two
        ((1.0, 0.0), INTERPOLATED),  # midway
        ((1.0, 0.249), INTERPOLATED),
        ((1.0, -0.251), INVALID),
        ((1.0, 1.0), INVALID),  # the middle of a cell
        ((0.4, 0.2), INTERPOLATED),  # nearer one end
        ((4.3, 4.0), INVALID),  # beyond the last mode
        ((0.0, -3.0), INTERPOLATED),
    ],
)
def test_points_on_the_grid(point, kind):
    assert kinds_of(GaussianModes(GRID), [point]) == [kind]


def test_a_mode_of_weight_0_is_no_support():
    oracle = GaussianModes(GaussianMixture([1.0, 2.0, 3.0, 4.0], std=0.05, weights=[0.5, 0.0, 0.5, 0.0]))
    assert kinds_of(oracle, [[1.0], [2.0], [3.0], [4.0]]) == [IN_SUPPORT, INTERPOLATED, IN_SUPPORT, INVALID]


def test_a_band_about_the_balls_is_ambiguous():
    oracle = GaussianModes(LINE, radius=3, ambiguous_radius=6)
    assert kinds_of(oracle, [[2.149], [2.151], [2.299], [2.301], [0.71], [0.69]]) == [
        IN_SUPPORT, AMBIGUOUS, AMBIGUOUS, INTERPOLATED, AMBIGUOUS, INVALID,
    ]  # fmt: skip
    verdict = oracle.judge(torch.tensor([[2.2]]))
    assert not verdict.in_support.any()
    assert not verdict.hallucinated.any()


def test_the_mode_is_the_nearest_one():
    points = 5 * torch.randn(300, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = np.linalg.norm(points.numpy()[:, None] - GRID.means.numpy(), axis=2).argmin(1)
    assert GaussianModes(GRID).judge(points).mode.tolist() == expected.tolist()


def test_every_verdict_equals_a_loop_in_numpy():
    points = 12 * torch.rand(400, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 6
    expected = []
    for point in points.numpy():
        distance = np.linalg.norm(GRID.means.numpy() - point, axis=1)
        start, end = GRID.means.numpy()[np.argsort(distance, kind="stable")[:2]]
        share = np.clip((point - start) @ (end - start) / ((end - start) @ (end - start)), 0, 1)
        off_segment = np.linalg.norm(point - start - share * (end - start))
        between = INTERPOLATED if off_segment <= 0.25 else INVALID
        expected.append(IN_SUPPORT if distance.min() <= 0.25 else between)
    assert set(expected) == {IN_SUPPORT, INTERPOLATED, INVALID}
    assert GaussianModes(GRID).judge(points).kind.tolist() == expected


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_invalid(value):
    assert kinds_of(GaussianModes(LINE), [[value], [2.0]]) == [INVALID, IN_SUPPORT]
    assert kinds_of(GaussianModes(GRID), [[value, 0.0], [0.0, value], [value, value]]) == [INVALID] * 3


@pytest.mark.parametrize(("dimension", "radius"), [(1, 5), (10, 5), (11, math.sqrt(11) + 4), (64, 12)])
def test_the_radius_grows_with_the_shell_of_a_gaussian_above_ten_dimensions(dimension, radius):
    mixture = GaussianMixture([[0.0] * dimension, [100.0] + [0.0] * (dimension - 1)], std=2.0)
    oracle = GaussianModes(mixture)
    assert oracle.radius == pytest.approx(radius)
    direction = torch.zeros(2, dimension, dtype=torch.float64)
    direction[:, -1] = 2.0 * torch.tensor([radius - 1e-6, radius + 1e-6])
    assert oracle.judge(direction).in_support.tolist() == [True, False]
    kept = oracle.judge(mixture.sample(4000, torch.Generator().manual_seed(0))).in_support.double().mean().item()
    assert kept == pytest.approx(chi.cdf(radius, dimension), abs=0.005)


def test_a_single_mode_has_no_between():
    assert kinds_of(GaussianModes(GaussianMixture([1.0], 0.1)), [[1.0], [1.6], [9.0]]) == [IN_SUPPORT, INVALID, INVALID]


def test_by_chance_all_is_between_in_1d():
    assert GaussianModes(LINE).chance_share(num_points=20_000) == 1.0


def test_by_chance_two_in_five_points_off_the_modes_are_between_on_the_grid():
    assert GaussianModes(GRID).chance_share() == pytest.approx(0.41, abs=0.01)
    # the same from areas: tubes of a cell over the cell, both without the balls (a ball of radius 5 sigma a cell)
    radius, spacing = 0.25, 2.0
    tubes = 2 * (spacing - 2 * radius) * 2 * radius + (4 - math.pi) * radius**2
    area = spacing**2 - math.pi * radius**2
    assert GaussianModes(GRID).chance_share() == pytest.approx(tubes / area, abs=0.01)


def test_the_chance_share_of_modes_that_cover_all_is_nan():
    assert math.isnan(GaussianModes(GaussianMixture([1.0, 1.1], 0.1)).chance_share(1000))


def test_the_chance_share_of_modes_on_a_line_in_the_plane_is_the_lines():
    """Three modes on a diagonal, or only two, span no area; all between them is on a segment."""
    for means in ([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]], [[0.0, 0.0], [1.0, 0.5]]):
        assert GaussianModes(GaussianMixture(means, 0.02)).chance_share(1000) == 1.0


@pytest.mark.parametrize(("radius", "ambiguous"), [(0.0, None), (-1.0, None), (5.0, 4.0), (math.nan, None)])
def test_refuses_radii_out_of_order(radius, ambiguous):
    with pytest.raises(ConfigurationError, match="expected 0 < radius <= ambiguous_radius"):
        GaussianModes(LINE, radius, ambiguous)
