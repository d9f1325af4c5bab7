import numpy as np
import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures import variance_maps

SIZE = 8
IMAGES = torch.zeros(3, 1, SIZE, SIZE)


def variances():
    values = torch.full((3, SIZE, SIZE), 1e-9)
    values[0, 0, 0], values[1, 4, 4] = 1e-2, 1e-4
    return values


def test_each_map_stands_below_its_image_on_one_logarithmic_scale(render):
    figure = variance_maps(IMAGES, variances(), "maps", flagged=torch.tensor([False, True, False]))
    above, below, bar = figure.axes
    shown = below.images[0].get_array()
    assert shown[2, 2] == pytest.approx(-2)
    assert shown[2 + 4, 2 + (SIZE + 2) + 4] == pytest.approx(-4)
    assert shown[4, 4] == pytest.approx(-6)  # no darker than 1e-4 of the highest
    assert np.ma.is_masked(shown[0, 0])
    assert above.images[0].get_array().shape[:2] == shown.shape
    assert [len(axes.patches) for axes in (above, below)] == [1, 1]
    assert "model units" in bar.get_ylabel()
    assert render(figure)


def test_channels_are_averaged():
    both = torch.stack([variances(), 3 * variances()], dim=1)
    shown = variance_maps(IMAGES, both, "maps").axes[1].images[0].get_array()
    assert shown[2, 2] == pytest.approx(np.log10(2e-2))


def test_no_variance_at_all_can_be_drawn(render):
    assert render(variance_maps(IMAGES, torch.zeros(3, SIZE, SIZE), "maps"))


@pytest.mark.parametrize(
    ("variance", "flagged", "message"),
    [
        (torch.zeros(2, SIZE, SIZE), None, r"variances of shape \(3, 8, 8\), one a pixel"),
        (variances(), torch.zeros(2, dtype=torch.bool), "flags of shape"),
    ],
)
def test_refuses(variance, flagged, message):
    with pytest.raises(ConfigurationError, match=message):
        variance_maps(IMAGES, variance, "maps", flagged=flagged)
