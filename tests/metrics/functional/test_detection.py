import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics.functional import (
    auroc_from_counts,
    count_distinct,
    num_above,
    roc_from_counts,
    share_above,
    threshold_at_retained,
)

EMPTY = torch.zeros(3, dtype=torch.int64)
VALUES = torch.tensor([1.0, 2.0, 3.0])


def random_scores(num_samples, num_levels, seed=0):
    """Scores with ties, and who is hallucinated."""
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randint(num_levels, (num_samples,), generator=generator).float()
    return scores, (torch.rand(num_samples, generator=generator) < 0.2 + 0.3 * scores / num_levels).long()


@pytest.mark.parametrize(("num_samples", "num_levels"), [(50, 3), (1000, 7), (1000, 100_000)])
def test_auroc_equals_sklearn(num_samples, num_levels):
    scores, is_hallucinated = random_scores(num_samples, num_levels)
    counts = count_distinct(scores, is_hallucinated)
    exact = roc_auc_score(is_hallucinated.numpy(), scores.numpy())
    assert auroc_from_counts(counts.in_support, counts.hallucinated).item() == pytest.approx(exact, abs=1e-12)


def test_auroc_closed_forms():
    ones = torch.ones(3, dtype=torch.int64)
    assert auroc_from_counts(torch.tensor([5, 0]), torch.tensor([0, 2])).item() == 1
    assert auroc_from_counts(torch.tensor([0, 5]), torch.tensor([2, 0])).item() == 0
    assert auroc_from_counts(ones, 7 * ones).item() == 0.5


def test_auroc_of_an_empty_class_is_nan():
    assert auroc_from_counts(EMPTY, EMPTY + 1).isnan()
    assert auroc_from_counts(EMPTY + 1, EMPTY).isnan()


def test_auroc_works_on_rows_and_on_counts_too_large_for_int64_products():
    rows = auroc_from_counts(torch.tensor([[1, 0], [1, 1]]), torch.tensor([[0, 1], [1, 1]]))
    assert rows.tolist() == [1.0, 0.5]
    huge = torch.full((2,), 10**10)
    assert auroc_from_counts(huge, huge).item() == 0.5


def test_roc_rises_from_zero_to_one_and_its_area_is_the_auroc():
    counts = count_distinct(*random_scores(500, 20))
    false_positive, true_positive = roc_from_counts(counts.in_support, counts.hallucinated)
    assert (false_positive[0], true_positive[0], false_positive[-1], true_positive[-1]) == (0, 0, 1, 1)
    area = np.trapezoid(true_positive.numpy(), false_positive.numpy())
    assert area == pytest.approx(auroc_from_counts(counts.in_support, counts.hallucinated).item(), abs=1e-12)


def test_roc_points_are_the_shares_above_each_value():
    in_support, hallucinated = torch.tensor([3, 2, 1]), torch.tensor([0, 1, 4])
    false_positive, true_positive = roc_from_counts(in_support, hallucinated)
    for point, value in enumerate([3.0, 2.0, 1.0, 0.0]):
        assert false_positive[point] == share_above(VALUES, in_support, value)
        assert true_positive[point] == share_above(VALUES, hallucinated, value)


def test_roc_of_an_empty_class_is_nan():
    false_positive, true_positive = roc_from_counts(EMPTY + 1, EMPTY)
    assert true_positive.isnan().all()
    assert not false_positive.isnan().any()


@pytest.mark.parametrize(("retained", "expected"), [(0.5, 1.0), (0.51, 2.0), (0.96, 2.0), (0.97, 3.0), (1.0, 3.0)])
def test_threshold_at_retained_by_hand(retained, expected):
    assert threshold_at_retained(VALUES, torch.tensor([50, 46, 4]), retained).item() == expected


@pytest.mark.parametrize("num_samples", [1, 24, 25, 26, 1000])
def test_threshold_is_the_smallest_that_retains_enough(num_samples):
    scores = torch.rand(num_samples, generator=torch.Generator().manual_seed(0))
    counts = count_distinct(scores, torch.zeros(num_samples, dtype=torch.int64))
    threshold = threshold_at_retained(counts.values, counts.in_support, 0.96).item()
    assert (scores <= threshold).double().mean() >= 0.96
    assert (scores < threshold).double().mean() < 0.96


def test_threshold_of_nothing_is_nan():
    assert threshold_at_retained(VALUES, EMPTY).isnan()
    assert threshold_at_retained(VALUES[:0], EMPTY[:0]).isnan()


@pytest.mark.parametrize("retained", [0.0, -0.1, 96])
def test_threshold_refuses_a_share_out_of_range(retained):
    with pytest.raises(ConfigurationError, match="expected `retained` in"):
        threshold_at_retained(VALUES, EMPTY, retained)


def test_what_lies_on_the_threshold_is_kept():
    counts = torch.tensor([5, 3, 2])
    assert num_above(VALUES, counts, 2.0).item() == 2
    assert share_above(VALUES, counts, torch.tensor(2.0)).item() == 0.2
    assert share_above(VALUES, counts, float("inf")).item() == 0


def test_share_above_an_unknown_threshold_or_of_nothing_is_nan():
    assert share_above(VALUES, EMPTY + 1, float("nan")).isnan()
    assert share_above(VALUES, EMPTY, 2.0).isnan()


def test_diverged_samples_tie_at_the_top():
    counts = count_distinct(torch.tensor([1.0, torch.nan, torch.inf]), torch.tensor([0, 1, 1]))
    assert counts.values.tolist() == [1.0, float("inf")]
    assert counts.hallucinated.tolist() == [0, 2]
