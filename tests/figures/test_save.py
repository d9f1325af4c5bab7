import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures import save_figure
from lightning_modeinterp.figures.style import new_figure


class FailingFigure(Figure):
    """Writes a part of the file, then fails."""

    def savefig(self, fname, **kwargs):
        fname.write_bytes(b"half of a")
        raise OSError("disk full")


def test_folders_are_made_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "figures" / "deep" / "density.png"
    assert save_figure(new_figure("hallucinated 0.31 %"), path) == path
    assert [item.name for item in path.parent.iterdir()] == ["density.png"]
    assert imread(path).shape[1] == 900


def test_an_old_figure_is_replaced(tmp_path):
    path = tmp_path / "density.png"
    path.write_bytes(b"old")
    save_figure(new_figure("new"), path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_an_old_figure_outlives_a_failure(tmp_path):
    path = tmp_path / "density.png"
    path.write_bytes(b"old")
    with pytest.raises(OSError, match="disk full"):
        save_figure(FailingFigure(), path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_only_png(tmp_path):
    with pytest.raises(ConfigurationError, match=r"ends in \.png"):
        save_figure(new_figure("vector"), tmp_path / "density.pdf")
