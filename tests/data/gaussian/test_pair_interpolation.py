from dataclasses import replace

import pytest
import torch

from lightning_modeinterp.data.gaussian import GaussianGridDataModule, PairInterpolation
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import GeneratedBatch

SQUARE = [[0.0, 0.0], [0.0, 2.0], [2.0, 0.0], [2.0, 2.0]]


def judged(points, data):
    samples = torch.as_tensor(points).float()
    index = torch.arange(len(samples))
    return GeneratedBatch(index, samples, {}, 512, data.support.judge(samples))


@pytest.fixture(scope="module", params=["grid", "diamond_as_released", "diamond_same_spacing"])
def data(request):
    return GaussianGridDataModule(arrangement=request.param)


def along(data, is_diagonal, num_points=2_000):
    """Points along the segments of one kind of pairs, away from their ends and their middle."""
    metric = data.pair_interpolation()
    pairs = metric.modes[metric.is_diagonal == is_diagonal]
    chosen = pairs[torch.arange(num_points) % len(pairs)]
    share = 0.3 + 0.1 * torch.rand(num_points, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return data.mixture.means[chosen[:, 0]] * share + data.mixture.means[chosen[:, 1]] * (1 - share)


@pytest.mark.parametrize(
    ("is_diagonal", "name", "other"), [(False, "neighbour", "diagonal"), (True, "diagonal", "neighbour")]
)
def test_samples_on_segments_of_one_kind_count_for_that_kind_alone(data, is_diagonal, name, other):
    metric = data.pair_interpolation()
    metric.update(judged(along(data, is_diagonal), data))
    values = metric.compute()
    assert values[f"interpolation/{name}_share"] == 1
    assert values[f"interpolation/{name}_enrichment"] > 1.5
    assert values[f"interpolation/{other}_share"] == 0
    assert values[f"interpolation/{other}_enrichment"] == 0


def test_uniform_samples_have_an_enrichment_of_one(data):
    low, high = data.mixture.means.min().item(), data.mixture.means.max().item()
    points = low + (high - low) * torch.rand(60_000, 2, generator=torch.Generator().manual_seed(5))
    if data.mixture.means[0, 0] == 0 or data.mixture.means.abs().sum(1).max() < 1.01 * high:  # a diamond
        points = points[points.abs().sum(1) <= high]
    metric = data.pair_interpolation()
    metric.update(judged(points, data))
    values = metric.compute()
    for name in ("neighbour", "diagonal"):
        assert values[f"interpolation/{name}_enrichment"].item() == pytest.approx(1, abs=0.03)
    # a tube holds a hundredth of the points, some hundreds of them
    assert metric.enrichment_of_pairs().mean().item() == pytest.approx(1, abs=0.03)
    assert metric.enrichment_of_pairs().std().item() < 0.15


def test_only_hallucinations_count(make_generated):
    chance = 2 * torch.rand(1000, 2, generator=torch.Generator().manual_seed(0))
    batch = make_generated()
    metric = PairInterpolation(SQUARE, 0.3, chance)
    metric.update(batch)
    assert metric.compute()["interpolation/num_off_modes"] == (batch.verdict.kind >= 2).sum()


def test_refuses_samples_of_another_dimension(make_generated):
    metric = PairInterpolation(SQUARE, 0.3, torch.rand(10, 2))
    batch = make_generated()
    with pytest.raises(ConfigurationError, match="expected samples of 2 values, got 3"):
        metric.update(replace(batch, samples=torch.zeros(len(batch), 3)))


@pytest.mark.parametrize(
    ("means", "radius", "points", "message"),
    [
        ([1.0, 2.0], 0.3, torch.rand(10, 1), "means of shape"),
        (SQUARE, 0.3, torch.rand(10, 3), "chance points of shape"),
        (SQUARE, 0.3, torch.rand(0, 2), "M >= 1"),
        (SQUARE, 0.0, torch.rand(10, 2), "radius > 0"),
    ],
)
def test_refuses(means, radius, points, message):
    with pytest.raises(ConfigurationError, match=message):
        PairInterpolation(means, radius, points)
