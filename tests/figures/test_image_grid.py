import pytest
import torch
from matplotlib.colors import to_hex

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures import ImageGroup, image_grid
from lightning_modeinterp.figures.mosaic import Cells
from lightning_modeinterp.figures.style import HALLUCINATED

SIZE = 8


def images(number=7, channels=1):
    """Image i is i brighter than black all over."""
    return torch.arange(number).float().reshape(-1, 1, 1, 1).expand(-1, channels, SIZE, SIZE).clone()


def drawn(axes):
    (picture,) = axes.images
    return picture.get_array()


def test_images_stand_in_rows_and_keep_their_pixels(render):
    figure = image_grid({"some": ImageGroup(images())}, "title", num_columns=3, white=10.0)
    (axes,) = figure.axes
    mosaic, gap = drawn(axes), 2
    assert mosaic.shape == (3 * (SIZE + gap) + gap, 3 * (SIZE + gap) + gap, 3)
    for number in range(7):
        row, column = (gap + place * (SIZE + gap) for place in divmod(number, 3))
        assert (mosaic[row : row + SIZE, column : column + SIZE] == number / 10).all()
        assert (mosaic[row - gap : row, column] != number / 10).all()
    assert figure.get_suptitle() == "title"
    assert axes.get_title(loc="left") == "some"
    assert axes.images[0].get_interpolation() == "nearest"
    assert render(figure)


def test_flagged_images_have_a_frame_around_them():
    flagged = torch.tensor([False, False, False, False, True, False, True])
    figure = image_grid({"some": ImageGroup(images(), flagged)}, "title", num_columns=3)
    frames = figure.axes[0].patches
    assert {to_hex(frame.get_edgecolor()).upper() for frame in frames} == {HALLUCINATED}
    cells = Cells(7, SIZE, SIZE, 3)
    for frame, place in zip(frames, (4, 6), strict=True):
        row, column = cells.corner(place)
        box = frame.get_bbox()
        assert box.x0 < column <= column + SIZE - 1 < box.x1
        assert box.y0 < row <= row + SIZE - 1 < box.y1
        assert (box.width, box.height) == (SIZE + 2, SIZE + 2)


def test_groups_stand_below_each_other_under_their_names(render):
    figure = image_grid({"data": ImageGroup(images(4)), "generated": ImageGroup(images(20))}, "t", num_columns=5)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["data", "generated"]
    assert [drawn(axes).shape[0] for axes in figure.axes] == [SIZE + 4, 4 * (SIZE + 2) + 2]
    assert render(figure)


def test_colours_stay_and_what_is_beyond_white_or_no_number_is_shown_as_something():
    image = torch.zeros(1, 3, SIZE, SIZE)
    image[0, 0], image[0, 1] = 300.0, -5.0
    image[0, :, 0, 0] = torch.nan
    mosaic = drawn(image_grid({"": ImageGroup(image)}, "t").axes[0])
    assert mosaic[5, 5].tolist() == [1, 0, 0]
    assert mosaic[2, 2].tolist() == [0.5, 0.5, 0.5]


def test_a_few_images_are_not_drawn_as_a_narrow_column():
    assert drawn(image_grid({"": ImageGroup(images(2))}, "t", num_columns=10).axes[0]).shape[1] == 2 * (SIZE + 2) + 2


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({}, "at least one group"),
        ({"a": ImageGroup(torch.zeros(3, 8, 8))}, r"images of shape \(N, C, H, W\)"),
        ({"a": ImageGroup(torch.zeros(3, 2, 8, 8))}, "C = 1 or 3"),
        ({"a": ImageGroup(torch.zeros(0, 1, 8, 8))}, "N >= 1"),
        ({"a": ImageGroup(images(), torch.zeros(6, dtype=torch.bool))}, r"flags of shape \(7,\), one an image"),
    ],
)
def test_refuses(groups, message):
    with pytest.raises(ConfigurationError, match=message):
        image_grid(groups, "t")
