"""Whether a score tells hallucinations where something else cannot."""

import math

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics.functional.variance_bins import as_suspicion


def matched_auroc(scores: Tensor, hallucinated: Tensor, stratum: Tensor) -> tuple[float, int]:
    """Compare each hallucination with samples in support of the same stratum alone, such as as many shapes.

    The share of pairs (hallucination, sample in support) within a stratum in which the hallucination has the higher
    score, a tie counting half. A score that does no more than tell strata apart has 0.5.
    Strata that hold one class only have no say, so it cannot tell how a score does there; the number of pairs says how
    much is left.

    Args:
        scores: (N,), higher where a sample is more suspect; nan counts as +inf.
        hallucinated: (N,) bool.
        stratum: (N,) int64, any numbers.

    Returns:
        The share, nan without a pair, and the number of pairs.

    Raises:
        ConfigurationError: If the shapes differ.

    Example:
        >>> import torch
        >>> number = torch.tensor([1, 1, 2, 2])
        >>> hallucinated = torch.tensor([False, True, False, True])
        >>> matched_auroc(number.float(), hallucinated, number)  # the number itself as a score
        (0.5, 2)
    """
    if not scores.shape == hallucinated.shape == stratum.shape or scores.ndim != 1:
        raise ConfigurationError(
            f"expected scores, verdicts and strata of one shape (N,), got {tuple(scores.shape)}, "
            f"{tuple(hallucinated.shape)} and {tuple(stratum.shape)}"
        )
    suspicion = as_suspicion(scores)
    wins, num_pairs = 0.0, 0
    for number in sorted(set(stratum.tolist())):
        own = stratum == number
        bad, good = suspicion[own & hallucinated], suspicion[own & ~hallucinated].sort().values
        below = torch.searchsorted(good, bad, right=False)
        not_above = torch.searchsorted(good, bad, right=True)
        wins += float((below + not_above).sum()) / 2
        num_pairs += len(bad) * len(good)
    return (wins / num_pairs if num_pairs else math.nan), num_pairs
