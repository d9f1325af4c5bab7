import math

import numpy as np
import pytest

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures import DataScales, window_heatmap

EDGES = [0.02, 0.05, 0.1, 0.3, 1.0]
SCALES = DataScales(mode_std=0.05, mode_spacing=1.0)


def table(value):
    """Above the diagonal a rate that rises with the clean end; nan elsewhere."""
    grid = np.full((5, 5), math.nan)
    for i in range(5):
        for j in range(i + 1, 5):
            grid[i, j] = value + 0.01 * i
    return grid


def draw(auroc=None, removed=None, scales=SCALES, chosen=(0.05, 0.3), **options):
    auroc, removed = (table(0.9) if auroc is None else auroc), (table(0.8) if removed is None else removed)
    return window_heatmap(EDGES, auroc, removed, scales, chosen, **options)


def test_title_tells_of_the_chosen_window(render):
    figure = draw(paper=(0.03, 0.14))
    assert figure.get_suptitle() == "noise 0.05 to 0.3: 81.00 % of hallucinated removed, AUROC 0.9100"
    assert render(figure)


def test_a_window_is_drawn_at_its_clean_end_and_its_noisy_end():
    mesh = draw().axes[0].collections[0]
    shown = mesh.get_array().reshape(5, 5)  # rows are noisy ends, columns clean ends
    assert shown[3, 1] == pytest.approx(-math.log10(1 - 0.91))
    assert shown[4, 3] == pytest.approx(-math.log10(1 - 0.93))
    assert shown.mask.sum() == 25 - 10
    assert shown.mask[1, 3]


def test_cells_have_the_edges_inside_them():
    corners = draw().axes[0].collections[0].get_coordinates()[0, :, 0]
    assert len(corners) == 6
    assert all(low < edge < high for low, edge, high in zip(corners, EDGES, corners[1:], strict=False))


def test_colours_do_not_drown_the_best_rates():
    mesh = draw(auroc=np.where(np.isnan(table(0)), math.nan, 1.0)).axes[0].collections[0]
    assert mesh.get_array().max() == pytest.approx(3)  # 0.999 and better share a colour


def test_markers_and_guides_stand_where_they_should(legend_texts):
    figure = draw(paper=(0.03, 0.14))
    assert legend_texts(figure) == ["paper: last 10", "chosen", "mode std", "half the mode spacing"]
    for axes in figure.axes[:2]:
        lines = {line.get_label(): line for line in axes.lines}
        assert (*lines["chosen"].get_xdata(), *lines["chosen"].get_ydata()) == (0.05, 0.3)
        assert (*lines["paper: last 10"].get_xdata(), *lines["paper: last 10"].get_ydata()) == (0.03, 0.14)
        assert list(lines["mode std"].get_xdata()) == [0.05, 0.05]
        assert list(lines["half the mode spacing"].get_xdata()) == [0.5, 0.5]


def test_the_upper_axis_counts_in_mode_stds():
    figure = draw()
    figure.draw_without_rendering()
    axes = figure.axes[0]
    (upper,) = axes.child_axes
    assert upper.get_xlim() == pytest.approx([limit / 0.05 for limit in axes.get_xlim()])


def test_data_without_modes_have_no_guides(legend_texts, render):
    figure = draw(scales=None)
    assert legend_texts(figure) == ["chosen"]
    assert render(figure)
    assert legend_texts(draw(scales=DataScales(0.05, None))) == ["chosen", "mode std"]


def test_nothing_known(render):
    nothing = np.full((5, 5), math.nan)
    figure = draw(auroc=nothing, removed=nothing)
    assert figure.get_suptitle().endswith("n/a of hallucinated removed, AUROC n/a")
    assert render(figure)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"auroc": table(0.9)[:4]}, "a rate for each pair of the 5 edges"),
        ({"chosen": (0.06, 0.3)}, "a chosen window between two of the edges"),
        ({"chosen": (0.3, 0.05)}, "a chosen window between two of the edges"),
    ],
)
def test_what_cannot_be_drawn_is_refused(options, message):
    with pytest.raises(ConfigurationError, match=message):
        draw(**options)


def test_edges_have_to_rise():
    with pytest.raises(ConfigurationError, match="at least two increasing edges > 0"):
        window_heatmap(EDGES[::-1], table(0.9), table(0.8), SCALES, (0.05, 0.3))
