"""AUROC within strata: whether a score detects hallucinations beyond a confounder."""

import math

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.threshold import as_suspicion


def matched_auroc(scores: Tensor, hallucinated: Tensor, stratum: Tensor) -> tuple[float, int]:
    """Compare each hallucination only with in-support samples of the same stratum, such as the number of shapes.

    The share of pairs (hallucination, sample in support) within a stratum in which the hallucination has the higher
    score, a tie counting half. A score that only separates strata has 0.5.
    Strata with only one class do not count, so it says nothing about them; the number of pairs shows how much is left.

    Args:
        scores: (N,), higher where a sample is more suspect; nan counts as +inf.
        hallucinated: (N,) bool.
        stratum: (N,) int64, any numbers.

    Returns:
        The share, nan without pairs, and the number of pairs.

    Raises:
        ConfigurationError: If the shapes differ.

    Example:
        >>> import torch
        >>> number = torch.tensor([1, 1, 2, 2])
        >>> hallucinated = torch.tensor([False, True, False, True])
        >>> matched_auroc(number.float(), hallucinated, number)  # the number itself as a score
        (0.5, 2)
    """
    wins, pairs = _wins_and_pairs(scores, hallucinated, stratum)
    num_pairs = int(pairs[hallucinated].sum())
    return (float(wins[hallucinated].sum()) / num_pairs if num_pairs else math.nan), num_pairs


def matched_auroc_without_each(scores: Tensor, hallucinated: Tensor, stratum: Tensor) -> Tensor:
    """`matched_auroc` without each of the samples in turn, for the jackknife.

    It cannot show a bias, which all of the numbers share.

    Args:
        scores: (N,), as for `matched_auroc`.
        hallucinated: (N,) bool.
        stratum: (N,) int64, any numbers.

    Returns:
        (N,) float64; nan if no pair is left.

    Raises:
        ConfigurationError: If the shapes differ.

    Example:
        >>> import torch
        >>> hallucinated = torch.tensor([False, True, True])
        >>> matched_auroc_without_each(torch.tensor([1.0, 0.0, 2.0]), hallucinated, torch.zeros(3))
        tensor([nan, 1., 0.], dtype=torch.float64)
    """
    wins, pairs = _wins_and_pairs(scores, hallucinated, stratum)
    return (wins[hallucinated].sum() - wins) / (pairs[hallucinated].sum() - pairs)


def _wins_and_pairs(scores: Tensor, hallucinated: Tensor, stratum: Tensor) -> tuple[Tensor, Tensor]:
    """Pairs that a sample is in, and those of them in which the hallucination has the higher score; (N,) float64."""
    if not scores.shape == hallucinated.shape == stratum.shape or scores.ndim != 1:
        raise ConfigurationError(
            f"expected scores, verdicts and strata of one shape (N,), got {tuple(scores.shape)}, "
            f"{tuple(hallucinated.shape)} and {tuple(stratum.shape)}"
        )
    suspicion = as_suspicion(scores)
    wins, pairs = torch.zeros((2, len(scores)), dtype=torch.float64, device=scores.device)
    for number in sorted(set(stratum.tolist())):
        bad, good = (stratum == number) & hallucinated, (stratum == number) & ~hallucinated
        lower = _num_lower(suspicion[bad], suspicion[good])
        wins[bad], pairs[bad] = lower, float(good.sum())
        wins[good], pairs[good] = float(bad.sum()) - _num_lower(suspicion[good], suspicion[bad]), float(bad.sum())
    return wins, pairs


def _num_lower(scores: Tensor, others: Tensor) -> Tensor:
    """How many of the others are below each score, an equal one counting half; float64."""
    others = others.sort().values
    counts = [torch.searchsorted(others, scores, right=is_right) for is_right in (False, True)]
    return torch.stack(counts).sum(0).double() / 2
