"""What each part means, on cases that are known."""

import math
from dataclasses import replace

import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.testing import made_up_subject
from two_moons import GapCrossing, MoonCoverage, NearMoons, NoOutliers, TemperedSampler, TwoMoons
from two_moons.geometry import distances, on_moon, to_data_units, to_model_units


def test_distances_are_those_to_the_nearest_of_many_points():
    samples = 3 * torch.randn(200, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    angles = torch.linspace(0, math.pi, 5_000, dtype=torch.float64)
    nearest = [torch.cdist(samples, on_moon(moon, angles)).amin(dim=1) for moon in (0, 1)]
    torch.testing.assert_close(distances(samples), torch.stack(nearest, dim=1), atol=1e-3, rtol=0)


def test_model_units_have_mean_0_and_size_1():
    rows = TwoMoons().make_dataset("train")
    assert rows.mean(dim=0).abs().max() < 0.02
    assert rows.square().mean().sqrt() == pytest.approx(1, abs=0.02)


def test_kinds():
    samples = torch.tensor([[0.0, 1.0], [0.0, 1.13], [0.0, 0.75], [0.0, -3.0], [math.nan, 0.0]])
    verdict = NearMoons().judge(samples)
    kinds = [verdict.kinds[kind] for kind in verdict.kind]
    assert kinds == ["in_support", "ambiguous", "between", "outside", "outside"]


def batch(samples, score=None):
    samples = torch.as_tensor(samples)
    scores = {"score": torch.ones(len(samples)) if score is None else score}
    return GeneratedBatch(torch.arange(len(samples)), samples, scores, 100, NearMoons().judge(samples))


def test_one_moon_is_half_of_the_data():
    metric = MoonCoverage(num_stretches=5)
    metric.update(batch(on_moon(1, torch.linspace(0, math.pi, 50))))
    assert metric.compute()["moon_coverage"] == 0.5


def crossing(model):
    """What the probe says of a model, in the true oracle's eyes."""
    subject = made_up_subject()
    drawing = replace(subject.drawing, to_data_units=to_data_units, oracle=NearMoons())
    return GapCrossing().measure(replace(subject, predict_x_0=model, drawing=drawing))["gap_crossing"]


def test_a_model_that_jumps_is_never_off_the_moons_and_one_that_does_not_is_in_the_gap():
    def stays(x_t, level):
        return x_t / level.alpha

    def jumps(x_t, level):
        height = to_data_units(x_t / level.alpha)[:, 1]
        ends = torch.tensor([[0.0, 0.5], [0.0, 1.0]])
        return to_model_units(ends[(height > 0.75).long()])

    assert crossing(jumps) == 0
    assert crossing(stays) == pytest.approx((0.5 - 2 * 5 * 0.03) / 0.5, abs=0.02)


def test_the_filter_drops_what_scores_high():
    score = torch.tensor([*[1.0] * 9, 100.0])
    kept = list(NoOutliers("score", num_std=2.0).masks([batch(torch.zeros(10, 2), score)]))
    assert kept[0].tolist() == [True] * 9 + [False]


@pytest.mark.parametrize(
    "make",
    [
        lambda: TwoMoons(size=3),
        lambda: NearMoons(noise=0.0),
        lambda: MoonCoverage(num_stretches=0),
        lambda: TemperedSampler(temperature=2.0),
        lambda: NoOutliers("score", num_std=-1.0),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(ConfigurationError, match=r"expected .+, got"):
        make()
