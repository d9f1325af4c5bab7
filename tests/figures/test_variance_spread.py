import re

import numpy as np
import pytest

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures import variance_spread

EDGES = np.concatenate([[0.0], np.logspace(-24, 12, 16_001), [np.inf]])


def counts_of(number):
    values = 10 ** np.random.default_rng(0).normal(-4, 0.5, number)
    return values, np.histogram(values, EDGES)[0]


def test_the_title_says_quantiles(legend_texts):
    values, counts = counts_of(20_000)
    figure = variance_spread(EDGES, counts, "last_10")
    said = re.fullmatch(r"variance: half of the samples up to (.*), 96 % up to (.*)", figure.get_suptitle())
    assert list(map(float, said.groups())) == pytest.approx(np.quantile(values, [0.5, 0.96]), rel=0.05)
    assert legend_texts(figure) == ["generated, n = 20,000", "half up to here", "96 % up to here"]
    assert "last_10" in figure.axes[0].get_xlabel()


@pytest.mark.parametrize("number", [0, 1, 200_000])
def test_any_number_of_samples(render, number):
    figure = variance_spread(EDGES, counts_of(number)[1], "last_10")
    low, high = figure.axes[0].get_xlim()
    assert high >= 10 * low  # else the labels of the ticks run into one another
    assert render(figure)


def test_what_is_not_finite_lies_outside():
    counts = np.zeros(len(EDGES) - 1, dtype=int)
    counts[[0, 8_000, -1]] = 1
    figure = variance_spread(EDGES, counts, "last_10")
    assert figure.axes[0].get_xlabel().endswith("; 2 samples lie outside")
    assert figure.get_suptitle().endswith(", 96 % up to inf")


def test_counts_of_other_bins_are_refused():
    with pytest.raises(ConfigurationError, match="counts per class for"):
        variance_spread(EDGES, np.ones(5), "last_10")
