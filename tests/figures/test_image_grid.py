import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex, to_rgb

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures import ImageGroup, image_grid, pixels
from lightning_modeinterp.figures.mosaic import Cells, as_shades
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


def test_shades_are_clipped_before_matplotlib_would_do_it_with_a_complaint():
    values = torch.tensor([-5.0, 0.0, 51.0, 255.0, 300.0, torch.inf, -torch.inf, torch.nan]).reshape(8, 1, 1, 1)
    assert as_shades(values, 255.0)[:, 0, 0, 1].tolist() == pytest.approx([0, 0, 0.2, 1, 1, 1, 0, 0.5])


def test_a_few_images_are_drawn_as_large_as_five_in_a_row_on_white():
    mosaic = drawn(image_grid({"": ImageGroup(images(2))}, "t", num_columns=10).axes[0])
    assert mosaic.shape[:2] == (SIZE + 4, 5 * (SIZE + 2) + 2)
    assert (mosaic[:, 2 * (SIZE + 2) + 2 :] == 1).all()
    assert (mosaic[:, : 2 * (SIZE + 2) + 2] < 1).all()


def test_frames_are_seen_in_what_is_drawn_and_only_around_flagged_images():
    def share_of_frame(flagged):
        picture = pixels(image_grid({"": ImageGroup(images(7), flagged)}, "t")) / 255
        return float((np.abs(picture - to_rgb(HALLUCINATED)).max(axis=2) < 0.02).mean())

    one, none = torch.arange(7) == 3, torch.zeros(7, dtype=torch.bool)
    assert share_of_frame(none) == share_of_frame(None) == 0
    assert 0 < share_of_frame(one) < share_of_frame(~one)


def test_captions_stand_below_their_images_and_above_the_next_row(render):
    captions = [f"caption {i}" for i in range(7)]
    figure = image_grid({"": ImageGroup(images(), captions=captions)}, "t", num_columns=3)
    (axes,) = figure.axes
    assert render(figure)
    cells = Cells(7, SIZE, SIZE, 3, has_captions=True)
    assert drawn(axes).shape[:2] == cells.size
    for place, text in enumerate(axes.texts):
        assert text.get_text() == captions[place]
        row, column = cells.corner(place)
        box = text.get_window_extent().transformed(axes.transData.inverted())
        assert column < text.get_position()[0] < column + SIZE
        assert min(box.y0, box.y1) > row + SIZE - 1
        assert max(box.y0, box.y1) < row + cells.row_height


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({}, "at least one group"),
        ({"a": ImageGroup(torch.zeros(3, 8, 8))}, r"images of shape \(N, C, H, W\)"),
        ({"a": ImageGroup(torch.zeros(3, 2, 8, 8))}, "C = 1 or 3"),
        ({"a": ImageGroup(torch.zeros(0, 1, 8, 8))}, "N >= 1"),
        ({"a": ImageGroup(images(), torch.zeros(6, dtype=torch.bool))}, r"bool of shape \(7,\), one per image"),
        ({"a": ImageGroup(images(), torch.rand(7))}, "compare scores with a threshold"),
        ({"a": ImageGroup(images(), captions=["one"])}, "7 captions, one per image, got 1"),
    ],
)
def test_refuses(groups, message):
    with pytest.raises(ConfigurationError, match=message):
        image_grid(groups, "t")


@pytest.mark.parametrize(
    ("settings", "message"), [({"num_columns": 0}, "num_columns >= 1, got 0"), ({"white": 0.0}, "white > 0, got 0.0")]
)
def test_refuses_settings(settings, message):
    with pytest.raises(ConfigurationError, match=message):
        image_grid({"a": ImageGroup(images())}, "t", **settings)
