import math

import pytest
import torch

from lightning_modeinterp.data.shapes import PlacedShapes, ShapeCount, ShapeRates, SimpleShapes
from lightning_modeinterp.data.shapes.distribution import PENTAGON, SQUARE, TRIANGLE
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics.functional import wilson_interval
from lightning_modeinterp.records import GeneratedBatch

DISTRIBUTION = SimpleShapes()
ORACLE = ShapeCount(DISTRIBUTION)


def judged(images):
    count = len(images)
    return GeneratedBatch(torch.arange(count), images, {}, count, ORACLE.judge(images))


def composed():
    """Two squares, one in the wrong column; two pentagons; a triangle; a square and a triangle; nothing."""
    shapes = [
        (0, SQUARE, 10, 24), (0, SQUARE, 40, 3), (1, PENTAGON, 10, 50), (1, PENTAGON, 40, 50), (2, TRIANGLE, 10, 3),
        (3, SQUARE, 10, 24), (3, TRIANGLE, 10, 3),
    ]  # fmt: skip
    return DISTRIBUTION.draw(PlacedShapes(*torch.tensor(shapes).T), 5).float()


def test_every_fault_of_an_image_counts():
    metric = ShapeRates(ORACLE.kinds, DISTRIBUTION.combination_weights)
    metric.update(judged(composed()))
    rates = metric.compute()
    assert rates["repeated_rate"] == 2 / 5
    assert rates["misplaced_rate"] == 1 / 5  # of kind `repeated`, yet misplaced as well
    assert rates["malformed_rate"] == 0
    assert rates["empty_rate"] == 1 / 5
    assert rates["hallucination_rate"] == 3 / 5
    assert rates["mean_num_shapes"] == 7 / 5
    assert (rates["repeated_rate_low"].item(), rates["repeated_rate_high"].item()) == wilson_interval(2, 5)


def test_combinations_are_those_of_images_in_support():
    metric = ShapeRates(ORACLE.kinds, DISTRIBUTION.combination_weights)
    metric.update(judged(composed()))
    rates = metric.compute()  # a triangle alone, and one with a square: two of seven
    assert rates["mode_coverage"].item() == pytest.approx(2 / 7)
    assert rates["mode_weight_tv"].item() == pytest.approx(5 / 7)


def test_data_have_no_fault_and_all_combinations():
    metric = ShapeRates(ORACLE.kinds, DISTRIBUTION.combination_weights)
    metric.update(judged(DISTRIBUTION.sample(2_000, torch.Generator().manual_seed(0))[0].float()))
    rates = metric.compute()
    assert rates["hallucination_rate"] == 0
    assert rates["mode_coverage"] == 1
    assert rates["mode_weight_tv"] < 0.05
    assert rates["mean_num_shapes"].item() == pytest.approx(12 / 7, abs=0.05)


@pytest.mark.filterwarnings("ignore:The ``compute`` method of metric:UserWarning")
def test_nothing_drawn_is_nan():
    assert math.isnan(ShapeRates(ORACLE.kinds, [1.0]).compute()["mean_num_shapes"])


def test_refuses_a_verdict_that_did_not_count_shapes(make_generated):
    batch = make_generated()
    batch.verdict.details.pop("squares")
    with pytest.raises(ConfigurationError, match="expected a verdict with the numbers of squares"):
        ShapeRates(batch.verdict.kinds, [1 / 7] * 7).update(batch)
