import math

import pytest
import torch
from sklearn.metrics import roc_auc_score

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics.functional import matched_auroc, matched_auroc_without_each


def make(num_samples=400, seed=0):
    generator = torch.Generator().manual_seed(seed)
    stratum = torch.randint(4, (num_samples,), generator=generator)
    hallucinated = torch.rand(num_samples, generator=generator) < 0.1 + 0.2 * stratum
    scores = torch.randn(num_samples, generator=generator).mul(4).round() + stratum  # with ties
    return scores, hallucinated, stratum


def by_pairs(scores, hallucinated, stratum):
    wins, pairs = 0.0, 0
    for score, number in zip(scores[hallucinated], stratum[hallucinated], strict=True):
        others = scores[~hallucinated & (stratum == number)]
        wins += float((others < score).sum() + 0.5 * (others == score).sum())
        pairs += len(others)
    return wins / pairs, pairs


def test_equals_the_count_of_all_pairs():
    value, pairs = matched_auroc(*make())
    expected, expected_pairs = by_pairs(*make())
    assert pairs == expected_pairs
    assert value == pytest.approx(expected)


def test_one_stratum_gives_the_auroc():
    scores, hallucinated, _ = make()
    value, pairs = matched_auroc(scores, hallucinated, torch.zeros_like(hallucinated, dtype=torch.int64))
    assert value == pytest.approx(roc_auc_score(hallucinated, scores))
    assert pairs == int(hallucinated.sum()) * int((~hallucinated).sum())


def test_a_score_that_tells_strata_apart_and_nothing_else_is_chance():
    _, hallucinated, stratum = make()
    assert roc_auc_score(hallucinated, stratum) > 0.6
    assert matched_auroc(stratum.float(), hallucinated, stratum)[0] == 0.5


def test_strata_of_one_class_have_no_say():
    scores = torch.tensor([9.0, 1.0, 2.0, 0.0])
    value, pairs = matched_auroc(scores, torch.tensor([True, False, True, False]), torch.tensor([7, 1, 1, 2]))
    assert (value, pairs) == (1.0, 1)


def test_without_a_pair_there_is_no_share():
    value, pairs = matched_auroc(torch.ones(2), torch.tensor([True, False]), torch.tensor([0, 1]))
    assert math.isnan(value)
    assert pairs == 0


def test_a_diverged_sample_is_as_suspicious_as_can_be():
    scores = torch.tensor([torch.nan, 5.0])
    assert matched_auroc(scores, torch.tensor([True, False]), torch.tensor([0, 0])) == (1.0, 1)


def test_without_each_is_the_number_of_all_others():
    scores, hallucinated, stratum = make(60)
    found = matched_auroc_without_each(scores, hallucinated, stratum)
    for i in range(60):
        rest = torch.arange(60) != i
        assert found[i].item() == pytest.approx(matched_auroc(scores[rest], hallucinated[rest], stratum[rest])[0])


def test_without_the_only_pair_there_is_no_number():
    given = (torch.tensor([2.0, 1.0, 5.0]), torch.tensor([True, False, True]), torch.tensor([0, 0, 1]))
    assert matched_auroc_without_each(*given).isnan().tolist() == [True, True, False]


def test_refuses_other_shapes():
    with pytest.raises(ConfigurationError, match="one shape"):
        matched_auroc(torch.ones(3), torch.ones(2, dtype=torch.bool), torch.ones(3))
    with pytest.raises(ConfigurationError, match="one shape"):
        matched_auroc_without_each(torch.ones(3), torch.ones(2, dtype=torch.bool), torch.ones(3))
