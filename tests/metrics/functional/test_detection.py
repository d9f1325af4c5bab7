import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from lightning_modeinterp.metrics.functional import (
    auroc_from_counts,
    count_distinct,
    roc_from_counts,
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
        assert false_positive[point] == in_support[value < VALUES].sum().item() / 6
        assert true_positive[point] == hallucinated[value < VALUES].sum().item() / 5


def test_roc_of_an_empty_class_is_nan():
    false_positive, true_positive = roc_from_counts(EMPTY + 1, EMPTY)
    assert true_positive.isnan().all()
    assert not false_positive.isnan().any()


def test_diverged_samples_tie_at_the_top():
    counts = count_distinct(torch.tensor([1.0, torch.nan, torch.inf]), torch.tensor([0, 1, 1]))
    assert counts.values.tolist() == [1.0, float("inf")]
    assert counts.hallucinated.tolist() == [0, 2]
