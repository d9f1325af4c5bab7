"""On images composed for each fault, on every way in which two shapes can touch, and on disturbed images."""

from itertools import product

import pytest
import torch
from scipy.ndimage import gaussian_filter

from lightning_modeinterp.data.shapes import PlacedShapes, ShapeCount, SimpleShapes
from lightning_modeinterp.data.shapes.distribution import COMBINATIONS, NAMES, PENTAGON, SQUARE, TRIANGLE
from lightning_modeinterp.errors import ConfigurationError

DISTRIBUTION = SimpleShapes()
ORACLE = ShapeCount(DISTRIBUTION)
AT_HOME = {TRIANGLE: (10, 4), SQUARE: (30, 21 + 3), PENTAGON: (40, 42 + 10)}  # row, column


def placed(*shapes):
    """Of (image, shape, row, column)."""
    return PlacedShapes(*torch.tensor(shapes).reshape(-1, 4).T)


def draw(*shapes):
    """One image of (shape, row, column)."""
    return DISTRIBUTION.draw(placed(*((0, *each) for each in shapes)), 1, is_cut=False).float()


def at_home(*shapes):
    return draw(*((shape, *AT_HOME[shape]) for shape in shapes))


def kind_of(image):
    return ORACLE.kinds[int(ORACLE.judge(image).kind)]


def details_of(image):
    return {name: int(value) for name, value in ORACLE.judge(image).details.items()}


def blurred(images, width):
    return torch.from_numpy(gaussian_filter(images.numpy(), (0, 0, width, width)))


def touching_pairs():
    """Every way in which two shapes lie next to each other without a pixel in common: (first, second, row, column)."""
    pairs = []
    for first, second in product(range(3), repeat=2):
        own = {tuple(pixel) for pixel in DISTRIBUTION.shapes[first].pixels.tolist()}
        around = {(r + dr, c + dc) for r, c in own for dr in (-1, 0, 1) for dc in (-1, 0, 1)} - own
        for row, column in product(range(-14, 15), repeat=2):
            others = {(r + row, c + column) for r, c in DISTRIBUTION.shapes[second].pixels.tolist()}
            if not own & others and around & others:
                pairs.append((first, second, row, column))
    return pairs


def half_of_each(first, second, turn):
    """An image half-way between two shapes: what they have in common, and of the rest what lies on either side."""
    images = draw((first, 30, 30)), draw((second, 30, 30))
    best = max(
        (images[1].roll((dr, dc), (-2, -1)) for dr, dc in product(range(-12, 13), repeat=2)),
        key=lambda moved: (moved * images[0]).sum(),
    )
    row, column = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    different = (images[0] != best)[0, 0]
    along = row * torch.sin(turn) + column * torch.cos(turn)
    is_first = along <= along[different].median()
    return torch.where(is_first, images[0], best)


@pytest.mark.parametrize(
    ("image_size", "area", "has_rule", "num_images"),
    [(64, None, True, 1000), (64, None, False, 1000), (32, 20.0, True, 1000), (128, None, True, 250)],
)
def test_data_are_found_shape_by_shape(image_size, area, has_rule, num_images):
    distribution = SimpleShapes(image_size, area, has_column_rule=has_rule)
    images, truth = distribution.sample(num_images, torch.Generator().manual_seed(1))
    oracle = ShapeCount(distribution)
    found = oracle.find(images)
    columns = ("image", "shape", "row", "column")
    cells = [
        sorted(zip(*(getattr(each, name).tolist() for name in columns), strict=True)) for each in (truth, found.placed)
    ]
    assert cells[0] == cells[1]
    verdict = oracle.judge(images)
    assert verdict.in_support.all()
    assert torch.equal(COMBINATIONS[verdict.mode], truth.counts(num_images))


def test_shapes_of_clean_data_that_touch_across_columns_are_told_apart():
    side_by_side = draw((TRIANGLE, 20, 10), (SQUARE, 20, 22))  # they meet at x = 21 | 22
    assert details_of(side_by_side)["triangles"] == details_of(side_by_side)["squares"] == 1
    assert kind_of(side_by_side) == "in_support"


@pytest.mark.parametrize("blur", [0.0, 0.7])
def test_every_pair_that_touches_is_told_apart(blur):
    pairs = touching_pairs()
    assert len(pairs) > 500
    images = DISTRIBUTION.draw(
        placed(
            *((i, first, 30, 30) for i, (first, *_) in enumerate(pairs)),
            *((i, second, 30 + row, 30 + column) for i, (_, second, row, column) in enumerate(pairs)),
        ),
        len(pairs),
        is_cut=False,
    ).float()
    details = ORACLE.judge(blurred(images, blur) if blur else images).details
    for shape, name in enumerate(NAMES):
        expected = [(first == shape) + (second == shape) for first, second, *_ in pairs]
        assert details[f"{name}s"].tolist() == expected
    assert not details["malformed"].any()


@pytest.mark.parametrize(
    ("image", "kind", "counts"),
    [
        (at_home(TRIANGLE), "in_support", (1, 0, 0, 0, 0)),
        (at_home(TRIANGLE, SQUARE, PENTAGON), "in_support", (1, 1, 1, 0, 0)),
        (draw((SQUARE, 5, 24), (SQUARE, 40, 26)), "repeated", (0, 2, 0, 0, 0)),
        (draw((SQUARE, 5, 24), (SQUARE, 40, 26), (TRIANGLE, 20, 4)), "repeated", (1, 2, 0, 0, 0)),
        (draw((PENTAGON, 10, 52), (PENTAGON, 30, 50), (PENTAGON, 50, 54)), "repeated", (0, 0, 3, 0, 0)),
        (draw((SQUARE, 5, 24), (SQUARE, 5, 32)), "repeated", (0, 2, 0, 1, 0)),  # the second 5 beside its places
        (draw((SQUARE, 20, 4)), "misplaced", (0, 1, 0, 1, 0)),
        (draw((PENTAGON, 20, 8), (TRIANGLE, 40, 44)), "misplaced", (1, 0, 1, 2, 0)),
        (draw((SQUARE, 25, 21 + 9)), "in_support", (0, 1, 0, 0, 0)),  # 2 pixels beside
        (draw((SQUARE, 25, 21 + 10)), "misplaced", (0, 1, 0, 1, 0)),
        (torch.zeros(1, 1, 64, 64), "empty", (0, 0, 0, 0, 0)),
        (torch.full((1, 1, 64, 64), 20.0), "empty", (0, 0, 0, 0, 0)),
        (torch.full((1, 1, 64, 64), 255.0), "malformed", None),
        (0.3 * at_home(SQUARE), "malformed", (0, 0, 0, 0, 1)),  # faint, not empty
        (0.8 * at_home(SQUARE), "in_support", (0, 1, 0, 0, 0)),
        (at_home(SQUARE) + 0.3 * at_home(TRIANGLE), "malformed", (0, 1, 0, 0, 1)),  # a ghost
        (at_home(SQUARE) + 0.2 * at_home(TRIANGLE), "in_support", (0, 1, 0, 0, 0)),
        (draw((SQUARE, -3, 25)), "malformed", (0, 0, 0, 0, 1)),  # cut by the edge of the image
        (torch.full((1, 1, 64, 64), torch.nan), "malformed", None),
        (at_home(SQUARE).index_fill(2, torch.tensor([0]), torch.inf), "malformed", None),
    ],
)  # fmt: skip
def test_composed_images(image, kind, counts):
    assert kind_of(image) == kind
    if counts is not None:
        assert tuple(details_of(image).values()) == counts


@pytest.mark.parametrize(("first", "second"), [(TRIANGLE, SQUARE), (TRIANGLE, PENTAGON), (SQUARE, PENTAGON)])
def test_half_of_one_shape_and_half_of_another_is_malformed(first, second):
    images = torch.cat([half_of_each(first, second, torch.tensor(0.3 + turn)) for turn in range(6)])
    assert (ORACLE.judge(images).details["malformed"] > 0).all()


@pytest.mark.parametrize("shape", range(3), ids=NAMES.__getitem__)
def test_a_shape_of_which_a_third_is_missing_is_malformed(shape):
    image = at_home(shape)
    rows = image[0, 0].any(1).nonzero().flatten()
    image[:, :, rows[: len(rows) // 3 + (shape == PENTAGON)]] = 0
    assert kind_of(image) == "malformed"


def test_two_shapes_on_each_other_are_both_found_where_most_of_each_is_seen():
    image = draw((SQUARE, 20, 24), (SQUARE, 26, 26))  # 6 by 2 pixels in common
    assert details_of(image)["squares"] == 2


@pytest.mark.parametrize("blur", [0.5, 1.0])
def test_a_little_blur_changes_no_verdict(blur):
    images, truth = DISTRIBUTION.sample(300, torch.Generator().manual_seed(2))
    verdict = ORACLE.judge(blurred(images.float(), blur))
    assert verdict.in_support.double().mean() > 0.99
    assert (COMBINATIONS[verdict.mode] == truth.counts(300)).all(1).double().mean() > 0.99


def test_a_little_noise_changes_no_verdict():
    generator = torch.Generator().manual_seed(3)
    images, truth = DISTRIBUTION.sample(300, generator)
    verdict = ORACLE.judge(images + 0.1 * 255 * torch.randn(images.shape, generator=generator))
    assert verdict.in_support.all()
    assert torch.equal(COMBINATIONS[verdict.mode], truth.counts(300))


def test_shapes_are_found_where_they_are():
    found = ORACLE.find(torch.cat([at_home(PENTAGON), at_home(TRIANGLE, SQUARE)]))
    assert found.placed.image.tolist() == [0, 1, 1]
    where = set(zip(*(getattr(found.placed, name).tolist() for name in ("shape", "row", "column")), strict=True))
    assert where == {(shape, *AT_HOME[shape]) for shape in range(3)}
    assert found.error.tolist() == [0, 0, 0]
    assert found.brightness.tolist() == [1, 1, 1]


def test_leftovers_are_counted_by_component():
    image = at_home(SQUARE)
    image[:, :, 2:5, 2:6] = 255  # 12 pixels
    image[:, :, 58:60, 58:63] = 255  # 10
    image[:, :, 58:60, 5:9] = 255  # 8, too few
    found = ORACLE.find(image)
    assert (found.leftover.tolist(), found.num_leftovers.tolist()) == ([12], [2])


def test_without_the_column_rule_a_shape_may_stand_in_any_column():
    image = draw((SQUARE, 20, 4))
    assert ShapeCount(SimpleShapes(has_column_rule=False)).judge(image).in_support.all()


@pytest.mark.parametrize(
    "settings",
    [
        {"dark": 0.0},
        {"dark": 0.5},
        {"grey": 1.0},
        {"max_error": -0.1},
        {"min_brightness": 1.1},
        {"max_displacement": -1},
    ],
    ids=str,
)
def test_refuses(settings):
    with pytest.raises(ConfigurationError, match="support: expected 0 < dark <= grey < 1"):
        ShapeCount(DISTRIBUTION, **settings)


@pytest.mark.gpu
def test_a_gpu_counts_as_the_cpu_does():
    images = torch.cat([DISTRIBUTION.sample(50, torch.Generator().manual_seed(0))[0].float(), at_home(SQUARE).roll(9)])
    here, there = ORACLE.judge(images), ORACLE.judge(images.cuda()).to(torch.device("cpu"))
    assert torch.equal(here.kind, there.kind)
    assert all(torch.equal(here.details[name], there.details[name]) for name in here.details)


def test_a_combination_that_the_data_never_have_is_not_in_support():
    oracle = ShapeCount(SimpleShapes(presence=1.0))
    images = torch.cat([at_home(TRIANGLE, SQUARE, PENTAGON), at_home(TRIANGLE, SQUARE), torch.zeros(1, 1, 64, 64)])
    verdict = oracle.judge(images)
    assert [oracle.kinds[kind] for kind in verdict.kind.tolist()] == ["in_support", "missing", "empty"]
    assert verdict.hallucinated.tolist() == [False, True, True]
    assert "missing" not in ORACLE.kinds
