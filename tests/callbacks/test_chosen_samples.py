"""Which trajectories are shown."""

import torch

from lightning_modeinterp.callbacks.chosen_samples import ChosenSamples
from lightning_modeinterp.figures import BY_VARIANCE, BY_VERDICT
from lightning_modeinterp.records import GeneratedBatch, SupportVerdict


def drawn(block_size, kind=None, variance=None):
    number = len(kind if variance is None else variance)
    verdict = None
    if kind is not None:
        verdict = SupportVerdict(
            torch.tensor(kind, dtype=torch.int8), torch.zeros(number).long(), ("in_support", "ambiguous", "invalid")
        )
    scores = {"variance/last": torch.zeros(number) if variance is None else torch.tensor(variance)}
    return GeneratedBatch(torch.arange(number), torch.zeros(number, 1), scores, block_size, verdict)


def chosen(batch, num_each, max_blocks):
    return ChosenSamples.of(batch, "variance/last", num_each, max_blocks)


def test_both_classes_from_the_blocks_with_most_hallucinations():
    found = chosen(drawn(4, [0, 0, 2, 0, 0, 1, 0, 0, 2, 0, 2, 0]), 2, 1)
    assert found.drawn.index.tolist() == [8, 9, 10, 11]
    assert found.is_second.tolist() == [True, False, True, False]
    assert found.sides == BY_VERDICT


def test_without_hallucinations_there_are_still_in_support_samples():
    assert len(chosen(drawn(4, [0] * 8), 3, 1)) == 3


def test_ambiguous_samples_are_on_neither_side():
    assert len(chosen(drawn(4, [1] * 8), 3, 2)) == 0


def test_without_a_verdict_both_ends_of_the_order_of_variance():
    found = chosen(drawn(4, variance=[5.0, 1.0, 3.0, 2.0, 9.0, 8.0, 7.0, 0.5, 0.1, 0.2, 0.3, 0.4]), 2, 2)
    assert found.drawn.index.tolist() == [1, 4, 5, 7]  # blocks 0 and 1, which have the highest
    assert found.is_second.tolist() == [False, True, True, False]
    assert found.sides == BY_VARIANCE


def test_few_samples_are_on_one_side_each():
    found = chosen(drawn(4, variance=[1.0, 3.0, 2.0]), 20, 4)
    assert found.drawn.index.tolist() == [0, 1, 2]
    assert found.is_second.tolist() == [False, True, True]
    assert chosen(drawn(4, variance=[1.0]), 20, 4).is_second.tolist() == [True]


def test_a_variance_that_is_no_number_is_the_highest():
    found = chosen(drawn(2, variance=[1.0, torch.nan, 3.0, 2.0]), 1, 1)
    assert found.drawn.index.tolist() == [0, 1]
    assert found.is_second.tolist() == [False, True]
