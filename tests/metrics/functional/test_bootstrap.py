import math
import time

import numpy as np
import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics.functional import auroc_from_counts, bootstrap_auroc, count_distinct


def normal_counts(num_in_support, num_hallucinated, separation=1.0, seed=0):
    """Distinct scores of two normals, `separation` apart."""
    generator = torch.Generator().manual_seed(seed)
    is_hallucinated = (torch.arange(num_in_support + num_hallucinated) >= num_in_support).long()
    scores = torch.randn(len(is_hallucinated), generator=generator) + separation * is_hallucinated
    counts = count_distinct(scores, is_hallucinated)
    return counts.in_support, counts.hallucinated


def test_interval_is_as_wide_as_hanley_and_mcneil_say():
    num_in_support, num_hallucinated = 400, 200
    counts = normal_counts(num_in_support, num_hallucinated)
    area = auroc_from_counts(*counts).item()
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (num_hallucinated - 1) * (q1 - area**2) + (num_in_support - 1) * (q2 - area**2)
    half_width = 1.96 * math.sqrt(variance / (num_in_support * num_hallucinated))
    low, high = bootstrap_auroc(*counts, num_replicates=1000)
    assert low < area < high
    assert (high - low) / 2 == pytest.approx(half_width, rel=0.15)


def test_interval_depends_on_the_seed_alone():
    counts = normal_counts(100, 50)
    assert bootstrap_auroc(*counts) == bootstrap_auroc(*counts)
    assert bootstrap_auroc(*counts, seed=1) != bootstrap_auroc(*counts)


def test_empty_values_change_nothing():
    in_support, hallucinated = torch.tensor([5, 3, 1]), torch.tensor([1, 3, 5])
    padded = [torch.stack([counts, torch.zeros(3).long()], 1).flatten() for counts in (in_support, hallucinated)]
    assert bootstrap_auroc(*padded) == bootstrap_auroc(in_support, hallucinated)


def test_an_empty_class_gives_nan():
    assert np.isnan(bootstrap_auroc(torch.tensor([0, 0]), torch.tensor([1, 2]))).all()
    assert np.isnan(bootstrap_auroc(torch.tensor([1, 2]), torch.tensor([0, 0]))).all()


def test_no_draws_are_refused():
    with pytest.raises(ConfigurationError, match="at least one bootstrap replicate"):
        bootstrap_auroc(torch.tensor([1]), torch.tensor([1]), num_replicates=0)


def test_a_million_samples_in_many_bins_take_seconds_at_most():
    generator = np.random.default_rng(0)
    in_support = torch.from_numpy(generator.multinomial(1_000_000, np.full(20_000, 1 / 20_000)))
    hallucinated = torch.from_numpy(generator.multinomial(100_000, np.full(20_000, 1 / 20_000)))
    start = time.perf_counter()
    bootstrap_auroc(in_support, hallucinated)
    assert time.perf_counter() - start < 20  # one second on an idle core
