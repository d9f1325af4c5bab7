import numpy as np
import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures import variance_in_plane, variance_on_line

DRAW = {1: variance_on_line, 2: variance_in_plane}


def made(number, dimension):
    generator = torch.Generator().manual_seed(0)
    bad = torch.arange(number) % 10 == 9
    variance = 10 ** (-5 + torch.randn(number, generator=generator) + 2 * bad)
    return torch.randn(number, dimension, generator=generator), variance, bad


@pytest.mark.parametrize("dimension", [1, 2])
@pytest.mark.parametrize("number", [1, 7, 200_000])
@pytest.mark.parametrize("judged", [True, False])
def test_any_number_of_samples(render, dimension, number, judged):
    samples, variance, bad = made(number, dimension)
    figure = DRAW[dimension](samples, variance, "last_10", bad if judged else None)
    median = f"{np.median(variance[~bad] if judged else variance):.1e}"
    assert figure.get_suptitle().startswith(f"median variance: {'in support' if judged else 'generated'} {median}")
    assert render(figure)


def test_dots_on_the_line_are_the_samples(legend_texts):
    samples, variance, bad = made(50, 1)
    figure = variance_on_line(samples, variance, "last_10", bad, max_points=20)
    dots = [line.get_xydata() for line in figure.axes[0].lines if len(line.get_xydata())]
    for xy, part in zip(dots, (~bad, bad), strict=True):
        np.testing.assert_allclose(xy, torch.cat([samples, variance[:, None]], 1)[part][:20].numpy(), rtol=1e-6)
    assert legend_texts(figure) == ["in support, n = 45", "hallucinated, n = 5"]


def test_panels_of_the_plane_share_a_scale_and_high_variance_is_on_top():
    samples, variance, bad = made(100, 2)
    figure = variance_in_plane(samples, variance, "last_10", bad)
    panels = [axes for axes in figure.axes if axes.collections and axes.get_title(loc="left")]
    assert [axes.get_title(loc="left") for axes in panels] == ["in support, n = 90", "hallucinated, n = 10"]
    clouds = [axes.collections[0] for axes in panels]
    assert clouds[0].norm.vmin == clouds[1].norm.vmin
    for cloud in clouds:
        assert (np.diff(cloud.get_array()) >= 0).all()
    assert len(variance_in_plane(samples, variance, "last_10").axes) == 2  # one panel, and the scale


@pytest.mark.parametrize("dimension", [1, 2])
def test_variances_without_a_logarithm(render, dimension):
    samples, _, bad = made(4, dimension)
    variance = torch.tensor([torch.nan, torch.inf, 0.0, 1e-3])
    figure = DRAW[dimension](samples, variance, "last_10", bad)
    if dimension == 1:
        assert figure.axes[0].get_xlabel() == "x (data units); 3 without a variance above 0"
    assert render(figure)
    assert render(DRAW[dimension](samples, torch.zeros(4), "last_10"))


@pytest.mark.parametrize("dimension", [1, 2])
def test_refuses(dimension):
    samples, variance, _ = made(4, dimension)
    for wrong in ((samples[:0], variance[:0]), (samples, variance[:3]), (torch.zeros(4, 3), variance)):
        with pytest.raises(ConfigurationError, match=f"samples of shape \\(N, {dimension}\\) with N >= 1"):
            DRAW[dimension](*wrong, "last_10")
