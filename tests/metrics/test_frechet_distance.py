import math
from dataclasses import replace

import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics import FrechetDistance
from lightning_modeinterp.metrics.functional import feature_distance
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.testing import check_generation_metric


class Pixels(torch.nn.Flatten):
    name = "pixels"


def draws(number, seed, shift=0.0):
    return torch.randn(number, 4, generator=torch.Generator().manual_seed(seed)) + shift


def batch(samples, start=0):
    index = torch.arange(start, start + len(samples))
    return GeneratedBatch(index, samples, {}, len(samples))


@pytest.fixture
def metric():
    return FrechetDistance(Pixels(), draws(100, 1, 1000.0), draws(120, 2, 1000.0))


def test_equal_sizes_on_both_sides(metric):
    samples = draws(60, 0, 1000.5)
    metric.update(batch(samples[:20]))
    metric.update(batch(samples[20:], start=20))
    values = metric.compute()
    assert values["fid_pixels_num_samples"] == 60
    assert values["fid_pixels"].item() == pytest.approx(feature_distance(samples, metric.reference[:60]), rel=1e-6)
    floor = feature_distance(metric.others[:60], metric.reference[:60])
    assert values["fid_pixels_floor"].item() == pytest.approx(floor, rel=1e-9)


def test_samples_beyond_the_data_are_left_out(metric):
    samples = draws(150, 0, 1000.0)
    metric.update(batch(samples[:90]))
    metric.update(batch(samples[90:], start=90))
    values = metric.compute()
    assert values["fid_pixels_num_samples"] == 100
    assert values["fid_pixels"].item() == pytest.approx(feature_distance(samples[:100], metric.reference), rel=1e-6)


def test_nothing_to_measure(metric):
    assert math.isnan(metric.compute()["fid_pixels"])
    metric.update(batch(draws(1, 0)))
    assert math.isnan(metric.compute()["fid_pixels"])


def test_features_that_are_not_finite_show(metric):
    """What diverged is left out, but a network may fail on a sound sample."""
    samples = draws(60, 0, 1000.0)
    samples[3, 1] = float("nan")
    metric.update(replace(batch(samples), diverged=torch.zeros(60, dtype=torch.bool)))
    assert math.isnan(metric.compute()["fid_pixels"])


def test_contract(metric):
    check_generation_metric(metric, [batch(draws(40, 0, 1000.0)), batch(draws(40, 3, 1000.0), start=40)])


def test_features_that_do_not_fit():
    with pytest.raises(ConfigurationError, match="at least two data each"):
        FrechetDistance(Pixels(), draws(100, 0), draws(1, 0))
