import numpy as np
import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures import ScoreCurve, score_curves

X = torch.linspace(0, 3, 301, dtype=torch.float64)
TRUE = torch.tanh(20 * (X - 1.5)) - (X - 1.5)


def curve(sharpness=4, ratio=0.2):
    return ScoreCurve(X, torch.tanh(sharpness * (X - 1.5)) - (X - 1.5), TRUE, torch.tensor([1.0, 2.0]), ratio)


@pytest.mark.parametrize("num_levels", [1, 2, 3, 4, 5])
def test_one_panel_a_level(num_levels, render, legend_texts):
    figure = score_curves({f"{i} std": curve(ratio=i / 8) for i in range(num_levels)})
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == [f"noise {i} std: {i / 8:.3g}" for i in range(num_levels)]
    assert legend_texts(figure) == ["true score", "learned score", "modes"]
    assert render(figure)


def test_lines_are_the_scores_and_the_modes():
    (axes,) = score_curves({"1 std": curve()}).axes
    true, learned, first, last, _ = axes.get_lines()
    np.testing.assert_array_equal(true.get_xydata(), torch.stack([X, TRUE], dim=1).numpy())
    np.testing.assert_array_equal(learned.get_ydata(), curve().learned.numpy())
    assert [first.get_xdata()[0], last.get_xdata()[0]] == [1, 2]
    assert axes.get_xlabel() == "$x_t$ (model units)"


def test_an_exploding_network_does_not_flatten_the_truth(render):
    learned = TRUE * 1e6
    learned[0] = torch.inf
    figure = score_curves({"1 std": ScoreCurve(X, learned, TRUE, torch.tensor([1.0, 2.0]), float("nan"))})
    assert figure.axes[0].get_ylim()[1] == pytest.approx(1.25 * TRUE.abs().max().item())
    assert figure.axes[0].get_title(loc="left") == "noise 1 std: n/a"
    assert render(figure)


@pytest.mark.parametrize(
    ("curves", "message"),
    [
        ({}, "at least one noise level"),
        ({"1 std": ScoreCurve(X, TRUE[1:], TRUE, X[:2], 1.0)}, "of one shape"),
        ({"1 std": ScoreCurve(X[:, None], TRUE[:, None], TRUE[:, None], X[:2], 1.0)}, "one-dimensional data"),
    ],
)
def test_what_cannot_be_drawn_is_refused(curves, message):
    with pytest.raises(ConfigurationError, match=message):
        score_curves(curves)
