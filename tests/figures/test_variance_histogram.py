import math

import numpy as np
import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures import variance_histogram
from lightning_modeinterp.figures.variance_histogram import rebin

EDGES = np.concatenate([[0.0], np.logspace(-24, 12, 16_001), [np.inf]])


def binned_variances():
    generator = np.random.default_rng(0)
    good = 10 ** generator.normal(-4, 0.35, 20_000)
    bad = 10 ** generator.normal(-2.4, 0.45, 300)
    return good, bad, np.histogram(good, EDGES)[0], np.histogram(bad, EDGES)[0]


def outlines(figure):
    """Heights and edges of either class: in support, hallucinated."""
    return [patch.get_data() for patch in figure.axes[0].patches if patch.get_fill()]


def test_rebinning_keeps_every_count_and_its_place():
    generator = np.random.default_rng(0)
    edges = np.sort(generator.random(1001))
    counts = generator.integers(0, 3, (2, 1000))
    counts[:, :137] = counts[:, 951:] = 0
    coarse, joined = rebin(edges, counts, num_bins=80)
    np.testing.assert_array_equal(joined.sum(axis=1), counts.sum(axis=1))
    assert joined.shape[1] <= 80
    cumulated = np.concatenate([[0], counts[0].cumsum()])
    np.testing.assert_array_equal(joined[0].cumsum(), cumulated[np.searchsorted(edges, coarse[1:])])


@pytest.mark.parametrize("num_fine", [1, 7, 80, 81])
def test_rebinning_few_bins(num_fine):
    coarse, joined = rebin(np.arange(num_fine + 1.0), np.ones((2, num_fine), dtype=int), num_bins=80)
    assert joined.sum() == 2 * num_fine
    assert (coarse[0], coarse[-1]) == (0, num_fine)


def test_each_class_integrates_to_one_over_decades(render):
    _, _, in_support, hallucinated = binned_variances()
    figure = variance_histogram(EDGES, in_support, hallucinated, 4e-4, "last 10 steps")
    for height, edges, _ in outlines(figure):
        assert (height * np.diff(np.log10(edges))).sum() == pytest.approx(1)
        assert 40 <= len(height) <= 80
    assert render(figure)


def test_threshold_and_labels(legend_texts):
    good, bad, in_support, hallucinated = binned_variances()
    threshold = float(EDGES[1:][np.searchsorted(np.cumsum(in_support), 0.96 * len(good))])
    figure = variance_histogram(
        torch.tensor(EDGES), torch.tensor(in_support), torch.tensor(hallucinated), threshold, "last 10 steps"
    )
    axes = figure.axes[0]
    assert list(axes.lines[0].get_xdata()) == [threshold, threshold]
    assert axes.get_xscale() == "log"
    assert axes.get_xlabel() == "trajectory variance, last 10 steps (model units squared)"
    assert {"in support, n = 20,000", "hallucinated, n = 300"} < set(legend_texts(figure))
    removed, kept = 100 * (bad > threshold).mean(), 100 * (good <= threshold).mean()
    assert figure.get_suptitle() == f"{removed:.2f} % of hallucinated removed, {kept:.2f} % of in support kept"


def test_open_bins_are_counted_not_drawn(render):
    _, _, in_support, hallucinated = binned_variances()
    in_support[0], hallucinated[-1] = 5, 7
    figure = variance_histogram(EDGES, in_support, hallucinated, 4e-4, "last 10 steps")
    assert figure.axes[0].get_xlabel().endswith("; 12 samples lie outside")
    height, edges, _ = outlines(figure)[1]
    assert (height * np.diff(np.log10(edges))).sum() == pytest.approx(300 / 307)
    assert edges[-1] < 10
    assert render(figure)


def test_no_hallucination_says_so(legend_texts, render):
    _, _, in_support, hallucinated = binned_variances()
    figure = variance_histogram(EDGES, in_support, 0 * hallucinated, 4e-4, "last 10 steps")
    assert "hallucinated, n = 0" in legend_texts(figure)
    assert figure.get_suptitle().startswith("n/a of hallucinated removed")
    assert render(figure)


def test_no_samples_and_no_threshold(render):
    empty = np.zeros(len(EDGES) - 1, dtype=int)
    figure = variance_histogram(EDGES, empty, empty, math.nan, "last 10 steps")
    assert not figure.axes[0].lines
    assert figure.get_suptitle() == "no threshold: nothing is removed"
    assert render(figure)


@pytest.mark.parametrize(
    ("edges", "num_counts", "message"),
    [
        (np.linspace(-6, 0, 11), 10, "not their logarithms"),
        (np.array([1.0, 3.0, 2.0, 4.0]), 3, "4 increasing edges"),
        (np.logspace(-6, 0, 10), 10, "add a lower edge"),
    ],
)
def test_what_cannot_be_drawn_is_refused(edges, num_counts, message):
    with pytest.raises(ConfigurationError, match=message):
        variance_histogram(edges, np.ones(num_counts), np.ones(num_counts), 0.1, "last 10 steps")
