import pytest

from lightning_modeinterp.figures.style import legend_below, new_figure


@pytest.mark.parametrize("count", ["9", "999", "9,999", "99,999", "9,876,543,210"])
def test_legend_stays_on_the_figure(count, render):
    figure = new_figure("title")
    axes = figure.add_subplot()
    for name in ("hallucinated", "ambiguous", "in support", "true density"):
        axes.plot([0, 1], [0, 1], label=f"{name}, n = {count}")
    legend_below(figure)
    assert render(figure)
    box, page = figure.legends[0].get_window_extent(), figure.bbox
    assert page.x0 <= box.x0
    assert box.x1 <= page.x1
