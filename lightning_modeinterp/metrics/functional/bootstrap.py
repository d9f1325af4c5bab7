"""How far an AUROC may lie from the truth, by drawing the samples again."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics.functional.detection import auroc_from_counts


def bootstrap_auroc(
    in_support_counts: Tensor, hallucinated_counts: Tensor, num_replicates: int = 200, seed: int = 0
) -> tuple[float, float]:
    """Bracket the AUROC by the 95 % percentile bootstrap.

    Every replicate draws each class anew from its own empirical distribution, which on counts is one multinomial draw;
    the interval runs from the 2.5th to the 97.5th percentile of the replicates' AUROCs.
    It cannot tell of dependence between samples, nor widen a perfect separation: an AUROC of 1 stays at 1.

    Args:
        in_support_counts: (V,) int64, in-support samples at each value, ordered by rising score.
        hallucinated_counts: (V,) int64, hallucinated samples, likewise.
        num_replicates: Number of draws.
        seed: Seed of the draws: the same counts give the same interval on every process.

    Returns:
        Lower and upper end in [0, 1]; nan where a class is empty.

    Raises:
        ConfigurationError: If there are no draws.

    References:
        B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), section 13.3.

    Example:
        >>> import torch
        >>> low, high = bootstrap_auroc(torch.tensor([30, 10]), torch.tensor([10, 30]))
        >>> 0.5 < low < 0.75 < high < 1
        True
    """
    if num_replicates < 1:
        raise ConfigurationError(f"expected at least one bootstrap replicate, got {num_replicates}; 200 are usual")
    if in_support_counts.sum() == 0 or hallucinated_counts.sum() == 0:
        return float("nan"), float("nan")
    generator = np.random.default_rng(seed)
    filled = (in_support_counts + hallucinated_counts) > 0  # empty values carry no pair
    replicates = auroc_from_counts(
        _resample(in_support_counts[filled], num_replicates, generator),
        _resample(hallucinated_counts[filled], num_replicates, generator),
    )
    low, high = np.quantile(replicates.numpy(), [0.025, 0.975])
    return float(low), float(high)


def _resample(counts: Tensor, num_replicates: int, generator: np.random.Generator) -> Tensor:
    """Draw ``sum(counts)`` samples again, (num_replicates, V) int64; only filled values cost a draw."""
    observed: npt.NDArray[np.int64] = counts.cpu().numpy()
    filled = observed > 0
    total = int(observed.sum())
    drawn = np.zeros((num_replicates, len(observed)), dtype=np.int64)
    drawn[:, filled] = generator.multinomial(total, observed[filled] / total, size=num_replicates)
    return torch.from_numpy(drawn)
