import io
import warnings

import pytest


@pytest.fixture
def render():
    """Draw a figure to memory; a warning is an error."""

    def draw(figure):
        buffer = io.BytesIO()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            figure.savefig(buffer, format="png", dpi=150)
        return buffer.getvalue()

    return draw


@pytest.fixture
def legend_texts():
    """What the legend of a figure says."""
    return lambda figure: [text.get_text() for legend in figure.legends for text in legend.get_texts()]
