import pytest

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures import sample_sizes


def test_both_curves_at_every_size():
    figure = sample_sizes([100, 200, 400], [9.0, 7.0, 6.0], [5.0, 2.0, 1.0], "fid_lenet")
    (axes,) = figure.axes
    assert [line.get_ydata().tolist() for line in axes.lines] == [[9.0, 7.0, 6.0], [5.0, 2.0, 1.0]]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["100", "200", "400"]
    assert "fid_lenet 6 for 400 samples; 1 for as many data" in figure.get_suptitle()


@pytest.mark.parametrize("curves", [([], [], []), ([1], [1.0, 2.0], [1.0])], ids=str)
def test_refuses(curves):
    with pytest.raises(ConfigurationError, match="a distance of samples and one of data for each size"):
        sample_sizes(*curves, "fid")
