import numpy as np
import pytest
import torch

from lightning_modeinterp.filters.ends import ends
from lightning_modeinterp.records import GeneratedBatch

from .conftest import made_up

SCORE = "variance/w"


def chosen(batches, low, high):
    rule = ends(batches, SCORE, low, high)
    sound = [batch.sound() for batch in batches]
    return torch.cat([batch.index[rule(batch)] for batch in sound]).tolist()


@pytest.mark.parametrize(("low", "high"), [(1, 1), (10, 10), (0, 7), (7, 0), (45, 45), (46, 45), (100, 100)])
@pytest.mark.parametrize("with_nan", [False, True])
def test_the_ends_are_those_of_a_sort(low, high, with_nan):
    batches = made_up()
    if with_nan:
        batches[2].scores[SCORE][:4] = torch.nan
    joined = GeneratedBatch.joined(batches).sound()
    order = joined.index[np.argsort(joined.scores[SCORE].numpy(), kind="stable")].tolist()  # nan comes last
    expected = sorted({*order[:low], *order[len(order) - min(high, len(order)) :]})
    assert chosen(batches, low, high) == expected


def test_of_equal_scores_the_first_is_the_lower_one():
    batches = made_up(20)
    for batch in batches:
        batch.scores[SCORE][:] = 1.0
    assert chosen(batches, 2, 3) == [0, 1, 17, 18, 19]
