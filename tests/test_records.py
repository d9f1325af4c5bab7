import pytest
import torch

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import GeneratedBatch, SupportVerdict

KINDS = ("in_support", "ambiguous", "far")


def verdict(*kinds):
    kind = torch.tensor(kinds, dtype=torch.int8)
    return SupportVerdict(kind, kind.long() + 5, KINDS, {"squares": 10 * kind.long()})


def test_a_part_of_a_verdict_has_its_details():
    part = verdict(0, 2, 1)[torch.tensor([True, False, True])]
    assert (part.kind.tolist(), part.mode.tolist(), part.details["squares"].tolist()) == ([0, 1], [5, 6], [0, 10])


def test_joined_verdicts_stand_in_a_row():
    joined = SupportVerdict.joined([verdict(0, 2), verdict(1)])
    assert (joined.kind.tolist(), joined.mode.tolist()) == ([0, 2, 1], [5, 7, 6])
    assert joined.details["squares"].tolist() == [0, 20, 10]
    assert joined.kinds == KINDS


def test_a_verdict_moves_as_a_whole():
    moved = verdict(0, 2).to(torch.device("meta"))
    assert {moved.kind.device.type, moved.mode.device.type, moved.details["squares"].device.type} == {"meta"}


def batch(*kinds, start=0, **more):
    index = torch.arange(start, start + len(kinds))
    return GeneratedBatch(index, index[:, None].float(), {"late": 2.0 * index}, 2, verdict(*kinds), **more)


def test_batches_stand_in_a_row_and_rows_are_taken_of_all_columns():
    joined = GeneratedBatch.joined([batch(0, 2), batch(1, start=2, diverged=torch.tensor([True]))])
    part = joined[joined.index > 0]
    assert part.samples.flatten().tolist() == [1, 2]
    assert part.score("late").tolist() == [2, 4]
    assert part.verdict.kind.tolist() == [2, 1]
    assert part.diverged.tolist() == [False, True]
    assert part.sound().index.tolist() == [1]


def test_what_is_not_finite_has_diverged_unless_it_is_said():
    samples = torch.tensor([[0.0, 1.0], [torch.nan, 1.0], [0.0, -torch.inf]])
    assert GeneratedBatch(torch.arange(3), samples, {}, 4).diverged.tolist() == [False, True, True]


def test_a_score_that_is_not_there_is_named():
    with pytest.raises(ConfigurationError, match="expected one of late, got early; add it to `generation`"):
        batch(0).score("early")
