"""Choose samples to redraw for figures of their trajectories: two groups, from few blocks."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from lightning_modeinterp.figures import BY_VARIANCE, BY_VERDICT, Sides
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.threshold import as_suspicion


@dataclass(frozen=True)
class ChosenSamples:
    """Samples of two groups, in the order of their indices.

    Args:
        drawn: The samples.
        is_second: (N,) bool, which of them are in the second group.
        sides: Names of the groups.
    """

    drawn: GeneratedBatch
    is_second: Tensor
    sides: Sides

    @classmethod
    def of(cls, drawn: GeneratedBatch, score: str, num_each: int, max_blocks: int) -> "ChosenSamples":
        """In-support and hallucinated samples, from the blocks with most hallucinations.

        Without verdicts, those of lowest and highest score, from the blocks with the highest scores.

        Args:
            drawn: At least one sample.
            score: Name of the score that orders samples without a verdict.
            num_each: Maximum number of samples per group.
            max_blocks: Maximum number of blocks.
        """
        if drawn.verdict is None:
            return _by_score(drawn, as_suspicion(drawn.score(score)), num_each, max_blocks)
        hallucinated, in_support = drawn.verdict.hallucinated, drawn.verdict.in_support
        near = _within(_num_in_blocks(drawn.block[hallucinated], drawn.block), drawn.block, max_blocks)
        first = [(near & side).nonzero().flatten()[:num_each] for side in (hallucinated, in_support)]
        rows = torch.cat(first).sort().values
        return cls(drawn[rows], hallucinated[rows], BY_VERDICT)

    def __len__(self) -> int:
        return len(self.is_second)

    def __getitem__(self, rows: slice | Tensor) -> "ChosenSamples":
        return replace(self, drawn=self.drawn[rows], is_second=self.is_second[rows])


def _by_score(drawn: GeneratedBatch, scores: Tensor, num_each: int, max_blocks: int) -> ChosenSamples:
    highest = torch.full((int(drawn.block.max()) + 1,), -torch.inf).scatter_reduce(0, drawn.block, scores, "amax")
    near = _within(highest, drawn.block, max_blocks).nonzero().flatten()
    order = near[scores[near].argsort(descending=True, stable=True)]
    num_high = min(num_each, (len(order) + 1) // 2)
    num_low = min(num_each, len(order) - num_high)
    rows = torch.cat([order[:num_high], order[len(order) - num_low :]])
    is_high = torch.arange(len(rows)) < num_high
    rows, places = rows.sort()
    return ChosenSamples(drawn[rows], is_high[places], BY_VARIANCE)


def _num_in_blocks(block: Tensor, all_blocks: Tensor) -> Tensor:
    return torch.bincount(block, minlength=int(all_blocks.max()) + 1)


def _within(rank: Tensor, block: Tensor, max_blocks: int) -> Tensor:
    """Which samples (N,) are in the highest-ranked blocks."""
    return torch.isin(block, rank.argsort(descending=True)[:max_blocks])
