"""Against columns drawn one at a time from the published facts: sizes, places, and how a column is cut."""

import math

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from lightning_modeinterp.data.shapes import PlacedShapes, SimpleShapes
from lightning_modeinterp.data.shapes.distribution import (
    COMBINATIONS,
    NAMES,
    PENTAGON,
    SQUARE,
    TRIANGLE,
    num_different_pixels,
)
from lightning_modeinterp.errors import ConfigurationError

ANCHORS = {  # as published: first and last x, first and last y
    TRIANGLE: (0, 10, 0, 52),
    SQUARE: (1, 7, 1, 49),
    PENTAGON: (5, 16, 5, 58),
}


def published_outline(shape, x, y):
    if shape == SQUARE:  # 8 by 8 pixels
        return [(x, y), (x + 7, y), (x + 7, y + 7), (x, y + 7)]
    if shape == TRIANGLE:  # side 11, pointing down
        return [(x, y), (x + 11, y), (x + 5, y + 9)]
    corners = [math.radians(72 * k) for k in (1, 2, 3, 4, 5)]  # the last one points to +x
    return [(x + 5 * math.cos(turn), y - 5 * math.sin(turn)) for turn in corners]


def published_column(shape, x, y):
    column = Image.new("L", (21, 63))
    ImageDraw.Draw(column).polygon(published_outline(shape, x, y), fill=255, outline=255)
    return torch.from_numpy(np.array(column))


def placed(*shapes):
    """Of (image, shape, row, column)."""
    return PlacedShapes(*torch.tensor(shapes).T)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("shape", ANCHORS, ids=NAMES.__getitem__)
def test_every_place_is_drawn_as_published(shape):
    left, right, top, bottom = ANCHORS[shape]
    places = [(x, y) for x in range(left, right + 1) for y in range(top, bottom + 1)]
    drawn = SimpleShapes().draw(
        placed(*((i, shape, y, 21 * shape + x) for i, (x, y) in enumerate(places))), len(places)
    )
    expected = torch.zeros(len(places), 1, 64, 64, dtype=torch.uint8)
    for i, (x, y) in enumerate(places):
        expected[i, 0, :63, 21 * shape : 21 * (shape + 1)] = published_column(shape, x, y)
    assert torch.equal(drawn, expected)
    assert abs(int((drawn[0] > 0).sum()) - (65, 64, 70)[shape]) <= 2


@pytest.mark.parametrize("shape", ANCHORS, ids=NAMES.__getitem__)
def test_places_are_uniform_over_the_published_ones(shape):
    _, shapes = SimpleShapes().sample(20_000, generator())
    own = shapes[shapes.shape == shape]
    left, right, top, bottom = ANCHORS[shape]
    for values, low, high in ((own.column - 21 * shape, left, right), (own.row, top, bottom)):
        counts = torch.bincount(values - low)
        assert (int(values.min()), int(values.max())) == (low, high)
        expected = len(own) / (high - low + 1)
        assert (counts - expected).square().sum() / expected < 2 * (high - low + 1)  # chi squared


def test_the_numbers_of_shapes_are_those_published():
    images, shapes = SimpleShapes().sample(21_000, generator())
    counts = shapes.counts(21_000)
    assert counts.max() == 1
    shares = torch.bincount(counts.sum(1), minlength=4) / 21_000
    assert shares.tolist() == pytest.approx([0, 3 / 7, 3 / 7, 1 / 7], abs=0.01)
    assert images.flatten(1).amax(1).min() == 255, "an image with nothing on it"
    assert not images[:, :, 63].any()
    assert not images[:, :, :, 63].any()


@pytest.mark.parametrize("presence", [0.1, 0.8, 1.0])
def test_presence_is_the_probability_of_each_shape_given_that_there_is_one(presence):
    _, shapes = SimpleShapes(presence=presence).sample(20_000, generator())
    share = shapes.counts(20_000).double().mean(0)
    assert share.tolist() == pytest.approx([presence / (1 - (1 - presence) ** 3)] * 3, abs=0.012)


def test_weights_of_the_combinations_are_their_probabilities():
    distribution = SimpleShapes(presence=0.3)
    _, shapes = distribution.sample(30_000, generator())
    number = (shapes.counts(30_000) * torch.tensor([1, 2, 4])).sum(1) - 1
    assert torch.equal(COMBINATIONS[number], shapes.counts(30_000))
    shares = torch.bincount(number, minlength=7) / 30_000
    assert shares.tolist() == pytest.approx(distribution.combination_weights.tolist(), abs=0.01)


def test_without_the_rule_shapes_stand_in_any_column_but_never_on_each_other():
    distribution = SimpleShapes(has_column_rule=False, presence=0.9)
    images, shapes = distribution.sample(6_000, generator())
    column = shapes.column // 21
    for shape in ANCHORS:
        shares = torch.bincount(column[shapes.shape == shape], minlength=3).double()
        assert (shares / shares.sum()).tolist() == pytest.approx([1 / 3] * 3, abs=0.02)
    cells = shapes.image * 3 + column
    assert len(cells.unique()) == len(cells)
    drawn = (images > 0).flatten(1).sum(1)
    whole = torch.zeros(6_000).index_add(0, shapes.image, torch.tensor([65.0, 64.0, 70.0])[shapes.shape])
    assert ((whole - drawn) <= shapes.counts(6_000).sum(1)).all()  # a pixel each at the right edge of a column


def test_the_same_generator_gives_the_same_images():
    first, again, other = (SimpleShapes().sample(50, generator(seed))[0] for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(("image_size", "area"), [(32, 20.0), (48, None), (128, None)])
def test_other_sizes_fit_their_columns_too(image_size, area):
    distribution = SimpleShapes(image_size, area)
    images, shapes = distribution.sample(3_000, generator())
    num_pixels = torch.tensor([len(shape) for shape in distribution.shapes])
    expected = torch.zeros(3_000).index_add(0, shapes.image, num_pixels[shapes.shape].float())
    drawn = (images > 0).flatten(1).sum(1)
    lost = expected - drawn
    assert (lost >= 0).all()
    assert (lost <= 0.1 * expected).all()  # what hangs over the right edge of a column
    assert (distribution.displacement(shapes) == 0).all()


def test_a_larger_image_has_larger_shapes():
    small, large = SimpleShapes(64), SimpleShapes(128)
    for first, second in zip(small.shapes, large.shapes, strict=True):
        assert len(second) == pytest.approx(4 * len(first), rel=0.15)


def test_uncut_shapes_reach_over_columns_but_not_over_the_image():
    at_the_edge = placed((0, SQUARE, 20, 18), (1, SQUARE, 20, 60), (2, SQUARE, -3, 5))
    cut = SimpleShapes().draw(at_the_edge, 3)
    whole = SimpleShapes().draw(at_the_edge, 3, is_cut=False)
    assert (cut > 0).flatten(1).sum(1).tolist() == [3 * 8, 3 * 8, 5 * 8]
    assert (whole > 0).flatten(1).sum(1).tolist() == [64, 4 * 8, 5 * 8]


def test_displacement_is_the_distance_to_where_the_data_can_have_a_shape():
    shapes = placed(
        (0, SQUARE, 25, 21 + 3),  # at home
        (1, SQUARE, 25, 21 + 9),  # 2 beside its last place
        (2, SQUARE, 54, 21 + 8),  # 5 below, 1 beside
        (3, SQUARE, 25, 5),  # in the column of the triangles
        (4, TRIANGLE, 0, 42),  # in that of the pentagons
    )
    assert SimpleShapes().displacement(shapes).tolist() == [0, 2, 5, 22 - 5, 42 - 10]
    assert SimpleShapes(has_column_rule=False).displacement(shapes).tolist() == [0, 2, 5, 0, 0]


def test_the_number_of_different_pixels_is_that_of_the_best_overlap():
    triangle, square, pentagon = SimpleShapes().shapes
    assert num_different_pixels(square, square) == 0
    # all 58 pixels of the pentagon's eight widest columns that lie in eight rows
    assert num_different_pixels(square, pentagon) == 64 + 70 - 2 * 58
    assert num_different_pixels(triangle, pentagon) == num_different_pixels(pentagon, triangle)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"image_size": 32}, "a square and a pentagon that differ by at least 6 pixels, got 3"),
        ({"image_size": 4}, "SimpleShapes: expected"),
        ({"image_size": 64, "area": 400.0}, "expected room for a triangle of 416 pixels in a column of 21"),
        ({"presence": 0.0}, "presence: expected a probability"),
        ({"presence": 1.5}, "presence: expected a probability"),
    ],
    ids=str,
)
def test_refuses(settings, message):
    with pytest.raises(ConfigurationError, match=message):
        SimpleShapes(**settings)
