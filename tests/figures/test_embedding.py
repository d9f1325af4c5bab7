import pytest
import torch
from matplotlib.colors import to_hex
from matplotlib.offsetbox import AnnotationBbox

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures import EmbeddedPoints, embedding, pixels
from lightning_modeinterp.figures.embedding import COLOURS, spread_out

POINTS = torch.randn(30, 2, generator=torch.Generator().manual_seed(0))
GROUP = torch.arange(30) % 3
IMAGES = torch.zeros(30, 1, 8, 8)
NAMES = ["high", "low", "both"]


def points_in(axes, colour):
    lines = [line for line in axes.lines if to_hex(line.get_color()).upper() == colour and len(line.get_xdata())]
    return [line.get_xydata() for line in lines]


def thumbnails(axes):
    return [artist for artist in axes.get_children() if isinstance(artist, AnnotationBbox)]


def test_points_have_the_colour_of_their_group(render, legend_texts):
    figure = embedding({"level 1": EmbeddedPoints(POINTS, GROUP)}, NAMES, "t-SNE")
    (axes,) = figure.axes
    for number in range(3):
        (own,) = points_in(axes, COLOURS[number])
        torch.testing.assert_close(torch.from_numpy(own).float(), POINTS[number == GROUP])
    assert legend_texts(figure) == ["high, n = 10", "low, n = 10", "both, n = 10"]
    assert axes.get_title(loc="left") == "level 1"
    assert thumbnails(axes) == []
    assert render(figure)


def test_thumbnails_lie_on_their_points_in_a_frame_of_their_group(render):
    figure = embedding({"": EmbeddedPoints(POINTS, GROUP, IMAGES)}, NAMES, "t", num_thumbnails=5)
    boxes = thumbnails(figure.axes[0])
    assert len(boxes) == 5
    for box in boxes:
        row = int((POINTS - torch.tensor(box.xy)).norm(dim=1).argmin())
        assert POINTS[row].tolist() == pytest.approx(list(box.xy))
        assert to_hex(box.patch.get_edgecolor()).upper() == COLOURS[int(GROUP[row])]
    assert render(figure)


def test_several_embeddings_stand_side_by_side(render, legend_texts):
    panels = {name: EmbeddedPoints(POINTS, GROUP, IMAGES) for name in ("a", "b", "c")}
    figure = embedding(panels, NAMES, "t")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["a", "b", "c"]
    assert len(legend_texts(figure)) == 3
    assert render(figure)


def test_panels_fill_rows_and_distances_are_the_same_both_ways():
    figure = embedding({str(i): EmbeddedPoints(POINTS, GROUP) for i in range(5)}, NAMES, "t")
    assert [axes.get_subplotspec().get_geometry()[:2] for axes in figure.axes] == [(2, 3)] * 5
    assert {axes.get_aspect() for axes in figure.axes} == {1.0}


def test_counts_of_panels_that_differ_are_all_given(legend_texts):
    panels = {"1": EmbeddedPoints(POINTS, GROUP), "2": EmbeddedPoints(POINTS[:7], GROUP[:7])}
    assert legend_texts(embedding(panels, NAMES, "t")) == ["high, n = 10 / 3", "low, n = 10 / 2", "both, n = 10 / 2"]


@pytest.mark.parametrize(("asked", "drawn"), [(0, 0), (1, 1), (99, 30)])
def test_no_more_thumbnails_than_asked_for_and_than_points(asked, drawn):
    figure = embedding({"": EmbeddedPoints(POINTS, GROUP, IMAGES)}, NAMES, "t", num_thumbnails=asked)
    assert len(thumbnails(figure.axes[0])) == drawn


@pytest.mark.parametrize("num_panels", [1, 5])
def test_thumbnails_stay_inside_the_panel(num_panels):
    figure = embedding({str(i): EmbeddedPoints(POINTS, GROUP, IMAGES) for i in range(num_panels)}, NAMES, "t")
    pixels(figure)
    for axes in figure.axes:
        panel = axes.get_window_extent()
        for box in thumbnails(axes):
            extent = box.get_window_extent()
            assert panel.x0 < extent.x0 < extent.x1 < panel.x1
            assert panel.y0 < extent.y0 < extent.y1 < panel.y1


def test_rows_that_are_spread_out_are_the_corners_first():
    points = torch.tensor([[0.0, 0.0], [0.1, 0.1], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.5, 0.4]])
    assert set(spread_out(points, 4)) == {0, 2, 3, 4}
    assert spread_out(points, 99) == [*spread_out(points, 4), 5, 1]


def test_a_single_point_can_be_drawn(render):
    assert render(embedding({"": EmbeddedPoints(POINTS[:1], GROUP[:1], IMAGES[:1])}, NAMES, "t"))


def test_points_on_one_another_are_taken_once():
    assert spread_out(torch.tensor([[0.0, 0.0], [0.0, 0.0], [1.0, 1.0]]), 3) == [0, 2]


@pytest.mark.parametrize(
    ("panels", "names", "message"),
    [
        ({}, NAMES, "at least one embedding"),
        ({"": EmbeddedPoints(POINTS, GROUP)}, [], "1 to 5 groups"),
        ({"": EmbeddedPoints(POINTS[:, :1], GROUP)}, NAMES, r"points \(N, 2\)"),
        ({"": EmbeddedPoints(POINTS, GROUP[:-1])}, NAMES, r"groups \(N,\)"),
        ({"": EmbeddedPoints(POINTS, GROUP + 1)}, NAMES, "whole numbers from 0 to 2"),
        ({"": EmbeddedPoints(POINTS, GROUP / 2)}, NAMES, "whole numbers from 0 to 2"),
        ({"": EmbeddedPoints(POINTS.clone().fill_diagonal_(torch.nan), GROUP)}, NAMES, "finite points, got 2"),
        ({"": EmbeddedPoints(POINTS, GROUP, IMAGES[:-1])}, NAMES, "an image for each of the 30 points"),
    ],
)
def test_refuses(panels, names, message):
    with pytest.raises(ConfigurationError, match=message):
        embedding(panels, names, "t")
