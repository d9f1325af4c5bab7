"""The samples that are kept against a sort of all."""

import numpy as np
import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics import HighestVariance


def kept(batches, num_samples=7):
    metric = HighestVariance("variance/wide", (2,), num_samples)
    for batch in batches:
        metric.update(batch)
    return metric


def test_they_are_the_first_of_a_sort(make_generated):
    batches = [make_generated(200, start=start) for start in range(0, 800, 200)]
    variance = np.concatenate([batch.scores["variance/wide"].numpy() for batch in batches])
    samples = np.concatenate([batch.samples.numpy() for batch in batches])
    kind = np.concatenate([batch.verdict.kind.numpy() for batch in batches])
    order = np.argsort(-variance)[:7]
    metric = kept(batches)
    found = metric.samples()
    np.testing.assert_array_equal(found.index, order)
    np.testing.assert_array_equal(found.variance, variance[order])
    np.testing.assert_array_equal(found.kind, kind[order])
    np.testing.assert_array_equal(found.samples, samples[order])
    assert metric.compute()["trajectory_variance/highest"] == variance.max()


@pytest.mark.parametrize("flip", [False, True])
def test_equal_variances_go_by_index_in_any_order(make_generated, flip):
    batches = [make_generated(4, start=start) for start in (0, 4)]
    for batch in batches:
        batch.scores["variance/wide"][:] = torch.nan  # the highest of all
    found = kept(batches[::-1] if flip else batches, 5).samples()
    assert found.index.tolist() == [0, 1, 2, 3, 4]
    assert found.variance.isinf().all()


def test_fewer_samples_than_wanted(make_generated):
    found = kept([make_generated(3, judged=False)]).samples()
    assert len(found.index) == 3
    assert found.kind.tolist() == [-1, -1, -1]
    assert found.samples.shape == (3, 2)


def test_none_is_refused():
    with pytest.raises(ConfigurationError, match="at least one sample to keep"):
        HighestVariance("variance/wide", (2,), 0)
