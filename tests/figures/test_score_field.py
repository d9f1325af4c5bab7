import numpy as np
import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures import score_field

AXES = torch.linspace(-1, 1, 41, dtype=torch.float64), torch.linspace(-2, 2, 61, dtype=torch.float64)
X = torch.stack(torch.meshgrid(*AXES, indexing="xy"), dim=2)
TRUE = -X
MODES = torch.tensor([[0.0, 0.0], [0.5, 1.0]])


def images(figure):
    return [axes.images[0] for axes in figure.axes[:3]]


def test_panels_are_the_lengths_of_truth_model_and_difference(render):
    learned = torch.stack([X[..., 0], -X[..., 1]], dim=2)  # the first coordinate has the wrong sign
    figure = score_field(X, learned, TRUE, MODES, "4 std", 0.25)
    length = X.norm(dim=2).numpy()
    for image, expected in zip(images(figure), (length, length, 2 * X[..., 0].abs().numpy()), strict=True):
        np.testing.assert_allclose(image.get_array(), expected)
        assert tuple(image.get_extent()) == (-1, 1, -2, 2)
        assert image.get_clim() == (0, pytest.approx(length.max()))
    assert figure.get_suptitle() == "noise 4 std: slope of the score between modes, learned over true 0.25"
    assert [axes.get_title(loc="left") for axes in figure.axes[:3]] == [
        "true score",
        "learned score",
        "learned minus true",
    ]
    for axes in figure.axes[:3]:
        np.testing.assert_array_equal(axes.get_lines()[0].get_xydata(), MODES.numpy())
    assert render(figure)


def test_arrows_point_where_the_score_does():
    arrows = score_field(X, TRUE, TRUE, MODES, "4 std", 1.0).axes[0].collections[0]
    positions, directions = arrows.get_offsets(), np.stack([arrows.U, arrows.V], axis=1)
    assert len(positions) > 200
    np.testing.assert_allclose(directions, -positions / np.linalg.norm(positions, axis=1, keepdims=True))


def test_the_truth_differs_nowhere_from_itself(render):
    figure = score_field(X, TRUE, TRUE, MODES, "4 std", 1.0)
    assert (images(figure)[2].get_array() == 0).all()
    assert len(figure.axes[2].collections[0].get_offsets()) == 0
    assert render(figure)


def test_an_exploding_network_can_be_drawn(render):
    learned = TRUE.clone()
    learned[3, 4] = torch.inf
    learned[5, 6] = torch.nan
    assert render(score_field(X, learned, TRUE, MODES, "4 std", float("nan")))


@pytest.mark.parametrize("x", [X[..., :1], X[0], X[1:]])
def test_what_cannot_be_drawn_is_refused(x):
    with pytest.raises(ConfigurationError, match=r"of one shape \(H, W, 2\)"):
        score_field(x, TRUE, TRUE, MODES, "4 std", 1.0)
