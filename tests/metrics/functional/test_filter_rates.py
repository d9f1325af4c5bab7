import math

import pytest
import torch

from lightning_modeinterp.metrics.functional import ScoreCounts, filter_rates, removed_name, wilson_interval

VALUES = torch.tensor([1.0, 2.0, 3.0, 4.0])
# Calibration keeps 24 of 25 at 2.0; reporting has 20 in support (18 kept) and 8 hallucinated (6 removed).
CALIBRATION = [[20, 4, 1, 0], [0, 0, 0, 9]]
REPORTING = [[10, 8, 2, 0], [1, 1, 2, 4]]


def test_filter_rates_by_hand():
    rates = filter_rates(ScoreCounts(VALUES, torch.tensor([CALIBRATION, REPORTING])), retained=0.96)
    assert rates["threshold"] == 2.0
    assert (rates["retained"], rates["removed_at_96_retained"]) == (0.9, 0.75)
    assert (rates["retained_low"], rates["retained_high"]) == wilson_interval(18, 20)
    assert (rates["removed_at_96_retained_low"], rates["removed_at_96_retained_high"]) == wilson_interval(6, 8)
    assert (rates["num_in_support"], rates["num_hallucinated"], rates["num_calibration"]) == (20, 8, 25)


def test_the_report_does_not_set_the_threshold():
    moved = [[0, 0, 0, 20], REPORTING[1]]
    rates = filter_rates(ScoreCounts(VALUES, torch.tensor([CALIBRATION, moved])))
    assert (rates["threshold"], rates["retained"]) == (2.0, 0.0)


@pytest.mark.parametrize(("empty", "num_reported"), [(0, 20), (1, 0)])
def test_a_missing_fold_leaves_rates_unknown(empty, num_reported):
    counts = torch.tensor([CALIBRATION, REPORTING])
    counts[empty] = 0
    rates = filter_rates(ScoreCounts(VALUES, counts))
    assert math.isnan(rates["retained"])
    assert math.isnan(rates["removed_at_96_retained"])
    assert (rates["removed_at_96_retained_low"], rates["removed_at_96_retained_high"]) == (0.0, 1.0)
    assert rates["num_in_support"] == num_reported


@pytest.mark.parametrize(("retained", "share"), [(0.96, "96"), (0.9, "90"), (0.29, "29"), (0.995, "99.5"), (1, "100")])
def test_removed_name_is_read_off_the_share(retained, share):
    assert removed_name(retained) == f"removed_at_{share}_retained"
