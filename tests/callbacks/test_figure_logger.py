"""Which trajectories are shown."""

import torch

from lightning_modeinterp.callbacks import FigureLogger
from lightning_modeinterp.records import SupportVerdict


def verdict(kind):
    kind = torch.tensor(kind, dtype=torch.int8)
    return SupportVerdict(kind, torch.zeros(len(kind), dtype=torch.int64), ("in_support", "ambiguous", "invalid"))


def test_both_classes_from_the_blocks_with_most_hallucinations():
    block = torch.arange(12) // 4
    judged = verdict([0, 0, 2, 0, 0, 1, 0, 0, 2, 0, 2, 0])
    chosen = FigureLogger(num_trajectories=2, max_replayed_blocks=1)._chosen(block, judged)
    assert chosen.tolist() == [8, 9, 10, 11]


def test_without_hallucinations_there_are_still_in_support_samples():
    chosen = FigureLogger(num_trajectories=3, max_replayed_blocks=1)._chosen(torch.arange(8) // 4, verdict([0] * 8))
    assert len(chosen) == 3
