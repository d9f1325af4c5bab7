import math

import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics.functional import support_rates, wilson_interval

KINDS = ("in_support", "ambiguous", "interpolated", "invalid")


def test_support_rates_by_hand():
    rates = support_rates(torch.tensor([90, 2, 5, 3]), KINDS)
    low, high = wilson_interval(8, 100)
    assert rates == {
        "hallucination_rate": 0.08,
        "hallucination_rate_low": low,
        "hallucination_rate_high": high,
        "ambiguous_rate": 0.02,
        "interpolated_rate": 0.05,
        "invalid_rate": 0.03,
        "num_samples": 100,
        "num_hallucinated": 8,
    }


def test_support_rates_without_samples():
    rates = support_rates(torch.zeros(4, dtype=torch.int64), KINDS)
    assert all(math.isnan(rates[f"{name}_rate"]) for name in ("hallucination", "ambiguous", "interpolated", "invalid"))
    assert (rates["hallucination_rate_low"], rates["hallucination_rate_high"], rates["num_samples"]) == (0.0, 1.0, 0)


def test_support_rates_of_data_that_cannot_hallucinate():
    rates = support_rates(torch.tensor([3, 1]), KINDS[:2])
    assert (rates["hallucination_rate"], rates["ambiguous_rate"]) == (0.0, 0.25)


def test_support_rates_refuses_counts_of_other_kinds():
    with pytest.raises(ConfigurationError, match="one count for each"):
        support_rates(torch.tensor([1, 2, 3]), KINDS)
