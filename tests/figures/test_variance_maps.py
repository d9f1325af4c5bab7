import numpy as np
import pytest
import torch
from matplotlib import colormaps

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures import variance_maps
from lightning_modeinterp.figures.mosaic import Cells

SIZE = 8
IMAGES = torch.zeros(3, 1, SIZE, SIZE)
LOWEST, HIGHEST = (colormaps["magma"](end)[:3] for end in (0.0, 1.0))


def variances():
    values = torch.full((3, SIZE, SIZE), 1e-9)
    values[0, 0, 0], values[1, 4, 4] = 1e-2, 1e-4
    return values


def map_in(figure, number, num_columns=5):
    """Colours of a map, (H, W, 3), for images in one row."""
    row, column = Cells(2 * num_columns, SIZE, SIZE, num_columns).corner(num_columns + number)
    return np.asarray(figure.axes[0].images[0].get_array())[row : row + SIZE, column : column + SIZE]


def test_each_map_stands_below_its_image_on_one_logarithmic_scale(render):
    figure = variance_maps(IMAGES, variances(), "maps", flagged=torch.tensor([False, True, False]))
    axes, bar = figure.axes
    assert bar.get_ylim() == pytest.approx((1e-6, 1e-2))
    assert bar.get_yscale() == "log"
    assert map_in(figure, 0)[0, 0] == pytest.approx(HIGHEST)
    assert map_in(figure, 1)[4, 4] == pytest.approx(colormaps["magma"](0.5)[:3], abs=0.01)
    assert map_in(figure, 2)[4, 4] == pytest.approx(LOWEST)  # no darker than 1e-4 of the highest
    image, below = sorted((frame.get_bbox() for frame in axes.patches), key=lambda box: box.y0)
    assert (image.x0, image.y1) == (below.x0, below.y0)
    assert "model units squared" in bar.get_ylabel()
    assert render(figure)


def test_rows_of_images_and_maps_alternate():
    images = 255 * torch.linspace(0, 1, 7).reshape(7, 1, 1, 1).expand(-1, 1, SIZE, SIZE)
    figure = variance_maps(images, torch.zeros(7, SIZE, SIZE), "maps", num_columns=3)
    drawn = np.asarray(figure.axes[0].images[0].get_array())
    cells = Cells(18, SIZE, SIZE, 3)
    assert drawn.shape[:2] == cells.size
    for number in range(7):
        row, column = cells.corner(6 * (number // 3) + number % 3)
        assert drawn[row, column] == pytest.approx([number / 6] * 3)
        assert drawn[row + SIZE + 2, column] == pytest.approx(LOWEST)


def test_captions_stand_below_the_images(render):
    figure = variance_maps(IMAGES, variances(), "maps", captions=["a", "b", "c"])
    cells = Cells(10, SIZE, SIZE, 5, has_captions=True)
    for place, text in enumerate(figure.axes[0].texts):
        assert text.get_text() == "abc"[place]
        assert cells.corner(place)[0] + SIZE < text.get_position()[1] < cells.corner(place + 5)[0]
    assert render(figure)


def test_channels_are_averaged():
    both = torch.stack([variances(), 3 * variances()], dim=1)
    assert variance_maps(IMAGES, both, "maps").axes[1].get_ylim()[1] == pytest.approx(2e-2)


def test_what_is_no_finite_number_is_grey_and_leaves_the_scale_alone(render):
    values = variances()
    values[0, 1, 1], values[0, 2, 2], values[2] = torch.inf, -torch.inf, torch.nan
    figure = variance_maps(IMAGES, values, "maps")
    assert figure.axes[1].get_ylim() == pytest.approx((1e-6, 1e-2))
    for colour in (map_in(figure, 0)[1, 1], map_in(figure, 0)[2, 2], map_in(figure, 2)[5, 5]):
        assert colour == pytest.approx([0.5] * 3)
    assert map_in(figure, 0)[0, 0] == pytest.approx(HIGHEST)
    assert render(figure)


@pytest.mark.parametrize("value", [0.0, float("nan")])
def test_nothing_to_tell_apart_can_be_drawn(value, render):
    assert render(variance_maps(IMAGES, torch.full((3, SIZE, SIZE), value), "maps"))


@pytest.mark.parametrize(
    ("variance", "settings", "message"),
    [
        (torch.zeros(2, SIZE, SIZE), {}, r"variances of shape \(3, 8, 8\), one per pixel"),
        (variances(), {"flagged": torch.zeros(2, dtype=torch.bool)}, "flags as bool of shape"),
        (variances(), {"captions": ["one"]}, "3 captions"),
        (variances(), {"num_columns": 0}, "num_columns >= 1"),
    ],
)
def test_refuses(variance, settings, message):
    with pytest.raises(ConfigurationError, match=message):
        variance_maps(IMAGES, variance, "maps", **settings)
