import math

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures import density_histogram
from lightning_modeinterp.figures.style import AMBIGUOUS, HALLUCINATED, IN_SUPPORT

MEANS = torch.tensor([1.0, 2.0, 3.0])
STD = 0.05
NUM_SAMPLES = 30_000
NUM_BETWEEN = 90


def log_density(x):
    modes = torch.distributions.Normal(MEANS, STD).log_prob(x)
    return torch.logsumexp(modes, dim=1) - math.log(3)


def samples_with_interpolation():
    generator = torch.Generator().manual_seed(0)
    x = MEANS[torch.arange(NUM_SAMPLES) % 3] + STD * torch.randn(NUM_SAMPLES, generator=generator).clamp(-4.5, 4.5)
    x[:NUM_BETWEEN] = 1.3 + 0.4 * torch.rand(NUM_BETWEEN, generator=generator)
    return x, torch.arange(NUM_SAMPLES) < NUM_BETWEEN


def mass(figure, colour):
    """Integrate what is painted in a colour."""
    total = 0.0
    for patch in figure.axes[0].patches:
        if to_rgb(patch.get_facecolor()) == to_rgb(colour):
            above, edges, below = patch.get_data()
            total += float(((above - below) * np.diff(edges)).sum())
    return total


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_painted_mass_is_the_share_of_each_verdict(shape, render):
    x, bad = samples_with_interpolation()
    figure = density_histogram(x.reshape(shape), bad, log_density, MEANS)
    assert mass(figure, HALLUCINATED) == pytest.approx(NUM_BETWEEN / NUM_SAMPLES)
    assert mass(figure, IN_SUPPORT) == pytest.approx(1 - NUM_BETWEEN / NUM_SAMPLES)
    assert render(figure)


def test_title_axes_and_legend_say_what_is_seen(legend_texts):
    x, bad = samples_with_interpolation()
    figure = density_histogram(x, bad, log_density, MEANS)
    axes = figure.axes[0]
    assert figure.get_suptitle() == "hallucinated 0.30 % [0.24, 0.37], n = 30,000"
    assert axes.get_xlabel() == "x (data units)"
    assert axes.get_yscale() == "log"
    assert {"hallucinated, n = 90", "in support, n = 29,910", "true density"} == set(legend_texts(figure))


def test_line_is_the_true_density():
    x, bad = samples_with_interpolation()
    line = density_histogram(x, bad, log_density, MEANS).axes[0].lines[0]
    grid, density = line.get_data()
    expected = sum(np.exp(-0.5 * ((grid - m) / STD) ** 2) for m in (1, 2, 3)) / (3 * STD * math.sqrt(2 * math.pi))
    np.testing.assert_allclose(density, expected, rtol=1e-3, atol=1e-12)
    assert np.trapezoid(density, grid) == pytest.approx(1, abs=1e-4)


def test_floor_is_a_tenth_of_one_sample():
    x, bad = samples_with_interpolation()
    figure = density_histogram(x, bad, log_density, MEANS, num_bins=150)
    low, high = figure.axes[0].get_ylim()
    assert low == pytest.approx(0.1 / (NUM_SAMPLES * 3.0 / 150))
    assert high > 1 / (3 * STD * math.sqrt(2 * math.pi))


def test_ambiguous_samples_stand_between(legend_texts, render):
    x, bad = samples_with_interpolation()
    ambiguous = torch.arange(NUM_SAMPLES) >= NUM_SAMPLES - 60
    figure = density_histogram(x, bad, log_density, MEANS, ambiguous=ambiguous)
    assert mass(figure, AMBIGUOUS) == pytest.approx(60 / NUM_SAMPLES)
    assert "ambiguous, n = 60" in legend_texts(figure)
    assert "in support, n = 29,850" in legend_texts(figure)
    assert render(figure)


def test_no_hallucination_says_so(legend_texts, render):
    x, bad = samples_with_interpolation()
    figure = density_histogram(x, torch.zeros_like(bad), log_density, MEANS[:, None])
    assert "hallucinated, n = 0" in legend_texts(figure)
    assert mass(figure, HALLUCINATED) == 0
    assert render(figure)


def test_stray_and_diverged_samples_are_counted_not_drawn(render):
    x, bad = samples_with_interpolation()
    x[:3] = torch.tensor([40.0, -7.0, math.nan])
    figure = density_histogram(x, bad, log_density, MEANS)
    assert figure.axes[0].get_xlabel() == "x (data units); 3 samples lie outside"
    assert mass(figure, HALLUCINATED) == pytest.approx((NUM_BETWEEN - 3) / NUM_SAMPLES)
    assert figure.axes[0].get_xlim() == pytest.approx((0.5, 3.5))
    assert render(figure)


@pytest.mark.parametrize(
    ("samples", "hallucinated", "message"),
    [
        (torch.zeros(5, 2), torch.zeros(5, dtype=torch.bool), "one-dimensional"),
        (torch.zeros(0), torch.zeros(0, dtype=torch.bool), "N >= 1"),
        (torch.zeros(5), torch.zeros(4, dtype=torch.bool), "one verdict for each sample"),
        (torch.zeros(5), torch.zeros(5), "bool"),
    ],
)
def test_what_cannot_be_drawn_is_refused(samples, hallucinated, message):
    with pytest.raises(ConfigurationError, match=message):
        density_histogram(samples, hallucinated, log_density, MEANS)
