import math

import pytest
import torch

from lightning_modeinterp.metrics.functional import variance_bin_edges
from lightning_modeinterp.reproduction.panels import variance_figure
from lightning_modeinterp.threshold import Threshold


def title_of(scores, hallucinated, threshold):
    return variance_figure(scores, hallucinated, Threshold(threshold, 0.96, 50), "last_10").get_suptitle()


def test_shares_beyond_a_threshold_within_a_bin_are_exact():
    low, high = variance_bin_edges()[4000:4002].double().tolist()
    scores = torch.linspace(low, high, 102, dtype=torch.float64)[1:-1]  # all of one bin
    hallucinated = torch.arange(100) % 2 == 1
    threshold = scores[79].item()  # 80 lie up to it, 40 of either class
    assert title_of(scores, hallucinated, threshold) == "20.00 % of hallucinated removed, 80.00 % of in support kept"


@pytest.mark.parametrize("scores", [[0.0, 0.0, 1e3, math.inf], [0.0, 1e-30, math.nan, 1e30]])
def test_samples_beyond_all_bins_are_counted(scores):
    scores, hallucinated = torch.tensor(scores), torch.tensor([False, False, True, True])
    assert title_of(scores, hallucinated, 1e-3) == "100.00 % of hallucinated removed, 100.00 % of in support kept"


def test_without_a_threshold_nothing_is_removed():
    assert "no threshold" in title_of(torch.rand(10), torch.arange(10) > 5, math.nan)
