import math

import numpy as np
import pytest
import torch
from matplotlib.collections import LineCollection

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures import pair_lines

MEANS = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
MODES = torch.tensor([[0, 1], [0, 2], [1, 3], [2, 3], [0, 3], [1, 2]])
IS_DIAGONAL = torch.arange(6) >= 4
ENRICHMENT = torch.tensor([3.0, 1.0, math.nan, 2.0, 0.5, 0.0])


def draw(**settings):
    return pair_lines(
        **{
            "means": MEANS,
            "modes": MODES,
            "is_diagonal": IS_DIAGONAL,
            "enrichment": ENRICHMENT,
            "neighbour": 2.0,
            "diagonal": 0.25,
            **settings,
        }
    )


def lines_of(axes):
    (lines,) = [item for item in axes.collections if isinstance(item, LineCollection)]
    return lines


def test_a_line_joins_each_pair_in_the_colour_of_its_enrichment(render):
    figure = draw()
    neighbours, diagonals = (lines_of(axes) for axes in figure.axes[:2])
    np.testing.assert_allclose(neighbours.get_segments(), MEANS[MODES[[0, 1, 3]]])
    assert neighbours.get_array().tolist() == [3.0, 1.0, 2.0]
    np.testing.assert_allclose(diagonals.get_segments(), MEANS[MODES[4:]])
    assert diagonals.get_array().tolist() == [0.5, 0.0]
    assert render(figure)


def test_both_panels_share_one_scale_from_zero():
    neighbours, diagonals = (lines_of(axes) for axes in draw().axes[:2])
    assert neighbours.norm is diagonals.norm
    assert (neighbours.norm.vmin, neighbours.norm.vmax) == (0, 3)
    weak = lines_of(draw(enrichment=ENRICHMENT / 10).axes[0])
    assert weak.norm.vmax == 2


def test_titles():
    figure = draw()
    assert figure.get_suptitle() == "hallucinations over chance: neighbours 2.00 x, diagonals 0.25 x"
    assert [axes.get_title(loc="left") for axes in figure.axes[:2]] == ["neighbours, 4 pairs", "diagonals, 2 pairs"]


def test_nothing_to_draw_says_so(render):
    figure = draw(enrichment=torch.full((6,), math.nan), neighbour=math.nan, diagonal=math.nan)
    assert figure.get_suptitle() == "hallucinations over chance: neighbours n/a, diagonals n/a"
    assert render(figure)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"means": torch.zeros(4, 3)}, r"means of shape \(K, 2\)"),
        ({"enrichment": torch.zeros(5)}, "take all three from one metric"),
        ({"modes": torch.zeros(6, 3).long()}, "take all three from one metric"),
    ],
)
def test_what_cannot_be_drawn_is_refused(settings, message):
    with pytest.raises(ConfigurationError, match=message):
        draw(**settings)
