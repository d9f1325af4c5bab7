import math

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures import PlaneSamples, samples_2d
from lightning_modeinterp.figures.style import AMBIGUOUS, DATA, HALLUCINATED, IN_SUPPORT

CORNERS = torch.tensor([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
NUM_SAMPLES, NUM_BAD = 1000, 30


def system(name="grid", num_ambiguous=0):
    noise = 0.02 * torch.randn(2, NUM_SAMPLES, 2, generator=torch.Generator().manual_seed(0))
    data, samples = CORNERS[torch.arange(NUM_SAMPLES) % 4] + noise
    samples[:NUM_BAD] = torch.tensor([0.0, 1.0])
    bad = torch.arange(NUM_SAMPLES) < NUM_BAD
    ambiguous = torch.arange(NUM_SAMPLES) >= NUM_SAMPLES - num_ambiguous
    return PlaneSamples(name, data, samples, bad, ambiguous if num_ambiguous else None)


def drawn(axes, colour):
    """Points in a colour, (n, 2), without the legend's."""
    lines = [line.get_xydata() for line in axes.lines if to_hex(line.get_color()).upper() == colour]
    return np.concatenate([np.empty((0, 2)), *lines])


def test_data_stand_beside_samples_by_verdict(legend_texts, render):
    one = system()
    figure = samples_2d([one])
    data, generated = figure.axes
    np.testing.assert_allclose(drawn(data, DATA), one.data)
    np.testing.assert_allclose(drawn(generated, IN_SUPPORT), one.samples[NUM_BAD:])
    np.testing.assert_allclose(drawn(generated, HALLUCINATED), one.samples[:NUM_BAD])
    assert figure.get_suptitle() == "hallucinated 3.00 % [2.11, 4.25], n = 1,000"
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["data", "generated"]
    assert legend_texts(figure) == ["data", "in support", "hallucinated"]
    assert data.get_xlim() == generated.get_xlim()
    assert render(figure)


def test_several_systems_have_a_column_each(legend_texts, render):
    figure = samples_2d([system("grid"), system("diamond"), system("wide diamond")])
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["grid", "diamond", "wide diamond", *["hallucinated 3.00 %"] * 3]
    assert [len(drawn(axes, HALLUCINATED)) for axes in figure.axes] == [0, 0, 0, 30, 30, 30]
    assert legend_texts(figure) == ["data", "in support", "hallucinated"]
    assert render(figure)


def test_more_than_three_systems_have_a_panel_each_in_rows(legend_texts, render):
    figure = samples_2d([system(f"system {i}") for i in range(5)])
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        f"system {i}\nhallucinated 3.00 %" for i in range(5)
    ]
    assert {axes.get_subplotspec().get_geometry()[:2] for axes in figure.axes} == {(2, 3)}
    for axes in figure.axes:
        assert len(drawn(axes, DATA)) == NUM_SAMPLES
        assert len(drawn(axes, HALLUCINATED)) == NUM_BAD
    assert legend_texts(figure) == ["data", "in support", "hallucinated"]
    assert render(figure)


def test_no_more_than_the_asked_for_points_are_drawn_but_all_are_counted():
    figure = samples_2d([system()], max_points=20)
    data, generated = figure.axes
    assert [len(drawn(data, DATA)), len(drawn(generated, IN_SUPPORT)), len(drawn(generated, HALLUCINATED))] == [20] * 3
    assert "n = 1,000" in figure.get_suptitle()


def test_ambiguous_samples_have_a_colour_of_their_own(legend_texts, render):
    figure = samples_2d([system(num_ambiguous=50)])
    assert len(drawn(figure.axes[1], AMBIGUOUS)) == 50
    assert len(drawn(figure.axes[1], IN_SUPPORT)) == NUM_SAMPLES - NUM_BAD - 50
    assert "ambiguous" in legend_texts(figure)
    assert render(figure)


def test_stray_and_diverged_samples_are_counted_not_drawn(render):
    one = system()
    one.samples[:3] = torch.tensor([[40.0, 0.0], [math.nan, 0.0], [0.0, -math.inf]])
    figure = samples_2d([one])
    assert figure.axes[1].get_xlabel() == "3 samples lie outside"
    assert figure.axes[1].get_xlim()[1] < 2
    assert render(figure)


def test_titles_do_not_lie_over_each_other(render):
    for figure in (samples_2d([system()]), samples_2d([system(), system()])):
        assert render(figure)
        (above,) = [text for text in figure.texts if text.get_text() == figure.get_suptitle()]
        for axes in figure.axes:
            assert axes._left_title.get_window_extent().y1 <= above.get_window_extent().y0


@pytest.mark.parametrize(
    ("systems", "message"),
    [
        ([], "at least one system"),
        ([PlaneSamples("", torch.zeros(5, 2), torch.zeros(5, 3), torch.zeros(5).bool())], "two-dimensional"),
        ([PlaneSamples("", torch.zeros(0, 2), torch.zeros(5, 2), torch.zeros(5).bool())], "expected data of shape"),
        ([PlaneSamples("", torch.zeros(5, 2), torch.zeros(5, 2), torch.zeros(4).bool())], "one verdict for each"),
    ],
)
def test_what_cannot_be_drawn_is_refused(systems, message):
    with pytest.raises(ConfigurationError, match=message):
        samples_2d(systems)
