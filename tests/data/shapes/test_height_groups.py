"""What is on the images of each group, by the oracle that is tested on its own."""

import pytest
import torch

from lightning_modeinterp.data.shapes import HEIGHT_GROUPS, ShapeCount, SimpleShapes, height_groups
from lightning_modeinterp.data.shapes.height_groups import HIGH, LOW, MIDDLE, OTHER, TWO

NUM_EACH = 60


@pytest.fixture(params=[SimpleShapes(), SimpleShapes(32, 20.0)], ids=["64", "32"])
def found(request):
    made = height_groups(request.param, NUM_EACH, torch.Generator().manual_seed(0))
    return made.group, ShapeCount(request.param).find(made.images).placed, len(made.images), request.param


def test_each_group_has_its_squares_and_other_shapes(found):
    group, placed, number, _ = found
    counts = placed.counts(number)
    expected = {HIGH: (1, 0), LOW: (1, 0), TWO: (2, 0), OTHER: (1, 1), MIDDLE: (1, 0)}
    assert len(expected) == len(HEIGHT_GROUPS)
    for each, (squares, others) in expected.items():
        assert (group == each).sum() == NUM_EACH
        assert (counts[group == each, 1] == squares).all()
        assert (counts[group == each][:, [0, 2]].sum(1) == others).all()


def test_squares_are_in_their_third_of_the_rows(found):
    group, placed, _, distribution = found
    first, last = distribution.shapes[1].rows
    third = (last - first + 1) / 3
    square = placed[placed.shape == 1]
    place = (square.row - first) / third
    for each, (low, high) in {HIGH: (0, 1), MIDDLE: (1, 2), LOW: (2, 3)}.items():
        own = place[group[square.image] == each]
        assert low - 0.5 < own.min() < low + 0.4
        assert high - 0.4 < own.max() < high + 0.01
    both = place[group[square.image] == TWO].reshape(-1, 2).sort(dim=1).values
    assert (both[:, 0] < 1).all()
    assert (both[:, 1] > 1.5).all()


def test_of_a_square_and_another_shape_half_have_the_square_high(found):
    group, placed, number, distribution = found
    first, last = distribution.shapes[1].rows
    square = placed[(placed.shape == 1) & (group[placed.image] == OTHER)]
    assert (square.row < (first + last) / 2).double().mean() == 0.5
    shapes = placed.counts(number)[group == OTHER].sum(0)
    assert shapes.tolist() == [NUM_EACH / 2, NUM_EACH, NUM_EACH / 2]


def test_another_generator_gives_other_images():
    first, second, again = (
        height_groups(SimpleShapes(), 5, torch.Generator().manual_seed(seed)).images for seed in (0, 1, 0)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, second)
