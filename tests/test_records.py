import torch

from lightning_modeinterp.records import SupportVerdict

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
