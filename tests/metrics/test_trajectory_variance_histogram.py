"""Quantiles and counts against numpy on the samples themselves."""

import numpy as np
import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics import TrajectoryVarianceHistogram
from lightning_modeinterp.metrics.functional import variance_bin_edges

BIN = 10 ** (36 / 8190) - 1  # relative width of a bin


def counted(batches, **settings):
    metric = TrajectoryVarianceHistogram("variance/wide", **settings)
    for batch in batches:
        metric.update(batch)
    return metric


@pytest.fixture
def batches(make_generated):
    return [make_generated(200, start=start) for start in range(0, 800, 200)]


def columns(batches):
    variance = np.concatenate([batch.scores["variance/wide"].numpy() for batch in batches])
    kind = np.concatenate([batch.verdict.kind.numpy() for batch in batches])
    return variance, kind


def test_quantiles_are_those_of_the_samples_to_a_bin(batches):
    variance, kind = columns(batches)
    values = counted(batches).compute()
    expected = {
        "median": np.quantile(variance, 0.5, method="inverted_cdf"),
        "q96": np.quantile(variance, 0.96, method="inverted_cdf"),
        "in_support_median": np.quantile(variance[kind == 0], 0.5, method="inverted_cdf"),
        "hallucinated_median": np.quantile(variance[kind >= 2], 0.5, method="inverted_cdf"),
    }
    assert values.keys() == {f"trajectory_variance/{name}" for name in expected}
    for name, value in expected.items():
        found = values[f"trajectory_variance/{name}"].item()
        assert value <= found * (1 + 1e-6)
        assert found <= value * (1 + BIN) * (1 + 1e-6)


def test_counts_of_each_class(batches):
    variance, kind = columns(batches)
    histograms = counted(batches).histograms()
    edges = np.concatenate([[-np.inf], variance_bin_edges().numpy()])
    for name, part in (("in_support", kind == 0), ("hallucinated", kind >= 2)):
        assert histograms[name].sum() == part.sum()
        occupied = histograms[name].nonzero().flatten().tolist()
        for i in occupied:
            inside = (variance[part] > edges[i]) & (variance[part] <= edges[i + 1])
            assert histograms[name][i] == inside.sum()


def test_without_an_oracle_there_is_one_histogram_of_all(batches):
    metric = counted(batches, is_judged=False)
    assert metric.histograms().keys() == {"samples"}
    assert metric.histograms()["samples"].sum() == 800
    assert metric.compute().keys() == {"trajectory_variance/median", "trajectory_variance/q96"}


def test_what_is_no_number_is_infinite(make_generated):
    batch = make_generated(10)
    batch.scores["variance/wide"][:] = torch.nan
    assert counted([batch]).compute()["trajectory_variance/median"] == torch.inf


def test_a_batch_without_the_score_is_refused(make_generated):
    with pytest.raises(ConfigurationError, match="expected one of variance/last, variance/wide, signed, got other"):
        TrajectoryVarianceHistogram("other").update(make_generated())
