import math

import numpy as np
import pytest
import torch
from matplotlib.collections import LineCollection

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures import BY_VARIANCE, predicted_paths

NUM_STEPS, NUM_GOOD, NUM_BAD = 300, 6, 4
STEPS = range(NUM_STEPS - 1, -1, -1)
BAD = torch.arange(NUM_GOOD + NUM_BAD) >= NUM_GOOD
MEANS = torch.tensor([[-1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])


def wandering():
    """Paths from far away to a mode, or back and forth between two; the first steps explode."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(NUM_STEPS, len(BAD), 2, generator=generator)
    size = torch.where(BAD[:, None], 0.2, torch.tensor(list(STEPS)).clamp(min=1)[:, None, None] / 1000)
    end = torch.where(BAD[:, None], 0.0, MEANS[torch.arange(len(BAD)) % 3])
    paths = end + size * noise
    paths[:50] *= 1e6
    return paths


def drawn_paths(axes):
    return [item.get_segments() for item in axes.collections if isinstance(item, LineCollection)]


def test_thin_paths_are_the_last_steps_and_thick_ones_the_window(render, legend_texts):
    x_0_hat = wandering()
    figure = predicted_paths(x_0_hat, BAD, STEPS, (0, 9), MEANS, num_last_steps=80)
    for axes, part in zip(figure.axes, (~BAD, BAD), strict=True):
        thin, thick = drawn_paths(axes)
        np.testing.assert_allclose(thin, x_0_hat[-80:, part].swapaxes(0, 1))
        np.testing.assert_allclose(thick, x_0_hat[-10:, part].swapaxes(0, 1))
        np.testing.assert_allclose(axes.lines[0].get_xydata(), MEANS)
        np.testing.assert_allclose(axes.lines[1].get_xydata(), x_0_hat[-1, part])
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["in support, n = 6", "hallucinated, n = 4"]
    assert legend_texts(figure) == ["mode", "last 80 steps", "detection window", "end"]
    assert render(figure)


def test_the_title_is_of_the_whole_window_also_where_less_is_shown():
    x_0_hat = wandering()
    titles = [
        predicted_paths(x_0_hat, BAD, STEPS, (0, 59), MEANS, num_last_steps=num).get_suptitle() for num in (20, 150)
    ]
    assert titles[0] == titles[1]
    assert titles[0] != predicted_paths(x_0_hat, BAD, STEPS, (0, 19), MEANS).get_suptitle()


def test_a_long_window_shows_as_much_before_it(legend_texts):
    figure = predicted_paths(wandering(), BAD, STEPS, (0, 59), MEANS)
    assert "last 120 steps" in legend_texts(figure)


def test_the_title_compares_the_variances_in_the_window():
    x_0_hat = wandering()
    variance = x_0_hat[-10:].double().var(dim=0, unbiased=False).mean(dim=1).numpy()
    good, bad = np.median(variance[:NUM_GOOD]), np.median(variance[NUM_GOOD:])
    expected = f"median variance in the window: in support {good:.1e}, hallucinated {bad:.1e}"
    assert predicted_paths(x_0_hat, BAD, STEPS, (0, 9)).get_suptitle() == expected


def test_the_scale_follows_the_ends_not_the_explosion(render):
    x_0_hat = wandering()
    x_0_hat[-1, 0] = math.inf
    figure = predicted_paths(x_0_hat, BAD, STEPS, (0, 9), MEANS, num_last_steps=NUM_STEPS)
    for low, high in (figure.axes[0].get_xlim(), figure.axes[0].get_ylim()):
        assert high - low < 4
    assert render(figure)


def test_no_hallucination_says_so(render):
    figure = predicted_paths(wandering(), torch.zeros_like(BAD), STEPS, (0, 9), MEANS)
    assert [text.get_text() for text in figure.axes[1].texts] == ["none recorded"]
    assert render(figure)


def test_without_window_and_modes_there_are_still_paths(render, legend_texts):
    figure = predicted_paths(wandering(), BAD, STEPS)
    assert legend_texts(figure) == ["last 100 steps", "end"]
    assert render(figure)


@pytest.mark.parametrize(
    ("x_0_hat", "steps", "message"),
    [
        (torch.zeros(300, 10, 1), STEPS, "`predicted_trajectories` is for others"),
        (torch.zeros(10, 300, 2), STEPS, "put steps first"),
        (torch.zeros(300, 10, 2), range(300), "from the first step to the last"),
    ],
)
def test_what_cannot_be_drawn_is_refused(x_0_hat, steps, message):
    with pytest.raises(ConfigurationError, match=message):
        predicted_paths(x_0_hat, BAD, steps)


def test_other_sides_than_verdicts():
    figure = predicted_paths(wandering(), BAD, STEPS, (0, 9), sides=BY_VARIANCE)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["low variance, n = 6", "high variance, n = 4"]
