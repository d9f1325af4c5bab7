import math
import re

import numpy as np
import pytest
import torch
from matplotlib.collections import LineCollection

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures import BY_VARIANCE, predicted_trajectories

NUM_STEPS, NUM_GOOD, NUM_BAD = 1000, 12, 4
STEPS = range(NUM_STEPS - 1, -1, -1)
BAD = torch.arange(NUM_GOOD + NUM_BAD) >= NUM_GOOD


def settling(dimension=1):
    """In support: noise that dies out 30 steps before the end; hallucinated: it goes on. Early steps explode."""
    generator = torch.Generator().manual_seed(0)
    steps = torch.tensor(list(STEPS), dtype=torch.float32)[:, None, None]
    noise = torch.randn(NUM_STEPS, len(BAD), dimension, generator=generator)
    size = torch.where(BAD[:, None], 0.1, 0.2 * ((steps - 30).clamp(min=0) / 100).clamp(max=1) + 1e-3)
    centre = torch.where(BAD, 1.5, 1.0 + torch.arange(len(BAD)) % 3)[:, None]
    return centre + noise * (size + torch.exp((steps - 300) / 30).clamp(max=1e6) * (steps > 200))


def drawn_lines(axes):
    (collection,) = [item for item in axes.collections if isinstance(item, LineCollection)]
    return collection.get_segments()


def test_lines_are_the_values_of_each_verdict_over_the_last_steps(render):
    x_0_hat = settling()
    figure = predicted_trajectories(x_0_hat, BAD, STEPS, window=(0, 9))
    good, bad = (drawn_lines(axes) for axes in figure.axes)
    assert (len(good), len(bad)) == (NUM_GOOD, NUM_BAD)
    np.testing.assert_array_equal(bad[0][:, 0], np.arange(199, -1, -1))
    np.testing.assert_allclose(bad[0][:, 1], x_0_hat[-200:, NUM_GOOD, 0].numpy())
    assert render(figure)


def test_axes_run_to_zero_and_say_what_they_are(legend_texts):
    figure = predicted_trajectories(settling(), BAD, torch.tensor(list(STEPS)), window=(0, 9), num_last_steps=100)
    left, right = figure.axes
    assert left.get_xlim() == right.get_xlim() == (99, 0)
    assert left.get_ylim() == right.get_ylim()
    assert left.get_xlabel() == "reverse steps left"
    assert "model units" in left.get_ylabel()
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["in support, n = 12", "hallucinated, n = 4"]
    assert legend_texts(figure) == ["detection window"]


@pytest.mark.parametrize("window", [(0, 9), (9, 0)])
def test_window_is_shaded_and_measured(window):
    x_0_hat = settling()
    figure = predicted_trajectories(x_0_hat, BAD, STEPS, window=window)
    variance = x_0_hat[-10:].double().var(dim=0, unbiased=False).mean(dim=1).numpy()
    good, bad = np.median(variance[:NUM_GOOD]), np.median(variance[NUM_GOOD:])
    expected = f"median variance in the window: in support {good:.1e}, hallucinated {bad:.1e}"
    assert figure.get_suptitle() == expected
    for axes in figure.axes:
        (shade,) = axes.patches
        ends = shade.get_x(), shade.get_x() + shade.get_width()
        assert sorted(ends) == [0, 9]


def test_other_samples_show_their_distance_from_the_end(render):
    x_0_hat = settling(dimension=2)
    figure = predicted_trajectories(x_0_hat, BAD, STEPS)
    line = drawn_lines(figure.axes[0])[3]
    expected = (x_0_hat[-200:, 3] - x_0_hat[-1, 3]).square().sum(dim=1).sqrt()
    np.testing.assert_allclose(line[:, 1], expected.numpy(), rtol=1e-5)
    assert line[-1, 1] == 0
    assert figure.axes[0].get_ylim()[0] == 0
    assert render(figure)


def test_images_are_welcome(render):
    x_0_hat = settling(dimension=4).reshape(NUM_STEPS, len(BAD), 1, 2, 2)
    assert render(predicted_trajectories(x_0_hat, BAD, STEPS))


def test_scale_follows_the_end_not_the_explosion(render):
    x_0_hat = settling()
    x_0_hat[-150, 0] = math.inf
    figure = predicted_trajectories(x_0_hat, BAD, STEPS, window=(0, 9), num_last_steps=1000)
    low, high = figure.axes[0].get_ylim()
    assert 0 < low < 1
    assert 3 < high < 5
    assert render(figure)


def test_no_hallucination_says_so(render):
    figure = predicted_trajectories(settling(), torch.zeros_like(BAD), STEPS, window=(0, 9))
    right = figure.axes[1]
    assert right.get_title(loc="left") == "hallucinated, n = 0"
    assert [text.get_text() for text in right.texts] == ["none recorded"]
    assert figure.get_suptitle().endswith("hallucinated n/a")
    assert render(figure)


@pytest.mark.parametrize(
    ("x_0_hat", "steps", "message"),
    [
        (torch.zeros(16, 5, 1), range(4, -1, -1), "put steps first"),
        (torch.zeros(5, 16), range(4, -1, -1), "expected x_0_hat of shape"),
        (torch.zeros(5, 16, 1), range(5), "from the first step to the last"),
        (torch.zeros(5, 16, 1), range(504, 499, -1), "show more steps"),
    ],
)
def test_what_cannot_be_drawn_is_refused(x_0_hat, steps, message):
    with pytest.raises(ConfigurationError, match=message):
        predicted_trajectories(x_0_hat, BAD, steps)


def test_other_sides_than_verdicts():
    figure = predicted_trajectories(settling(), BAD, STEPS, window=(0, 9), sides=BY_VARIANCE)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["low variance, n = 12", "high variance, n = 4"]
    assert re.fullmatch(r"median variance in the window: low variance \S+, high variance \S+", figure.get_suptitle())
    assert len(figure.get_suptitle()) < 75  # what fits above the axes
