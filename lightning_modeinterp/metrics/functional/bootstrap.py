"""Bootstrap interval of an AUROC."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics.functional.detection import auroc_from_counts

MAX_VALUES = 20_000


def bootstrap_auroc(
    in_support_counts: Tensor, hallucinated_counts: Tensor, num_replicates: int = 200, seed: int = 0
) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the AUROC.

    Every replicate resamples each class from its empirical distribution, which on counts is one multinomial draw;
    the interval is from the 2.5th to the 97.5th percentile of the replicates' AUROCs. More than `MAX_VALUES` distinct
    values are first merged with their neighbours to that many of equal size, which shifts the ends by at most 1e-4.
    It ignores dependence between samples, and has no width at perfect separation: an AUROC of 1 stays at 1.

    Args:
        in_support_counts: (V,) int64, in-support samples at each value, in order of increasing score.
        hallucinated_counts: (V,) int64, hallucinated samples, likewise.
        num_replicates: Number of draws.
        seed: Seed of the draws: the same counts give the same interval on every process.

    Returns:
        Lower and upper end in [0, 1]; nan if a class is empty.

    Raises:
        ConfigurationError: If ``num_replicates`` < 1.

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
    counts = _joined(torch.stack([in_support_counts, hallucinated_counts]))
    replicates = auroc_from_counts(*(_resample(each, num_replicates, generator) for each in counts))
    low, high = np.quantile(replicates.numpy(), [0.025, 0.975])
    return float(low), float(high)


def _resample(counts: Tensor, num_replicates: int, generator: np.random.Generator) -> Tensor:
    """Resample ``sum(counts)`` samples, (num_replicates, V) int64; only filled values cost a draw."""
    observed: npt.NDArray[np.int64] = counts.cpu().numpy()
    filled = observed > 0
    total = int(observed.sum())
    drawn = np.zeros((num_replicates, len(observed)), dtype=np.int64)
    drawn[:, filled] = generator.multinomial(total, observed[filled] / total, size=num_replicates)
    return torch.from_numpy(drawn)


def _joined(counts: Tensor) -> Tensor:
    """Counts (2, V) of at most `MAX_VALUES` values: without empty ones, with neighbours merged if there are more."""
    counts = counts[:, counts.sum(0) > 0]  # empty values have no pairs
    if counts.shape[1] <= MAX_VALUES:
        return counts
    seen = counts.sum(0).cumsum(0)
    group = ((seen - 1) * MAX_VALUES // seen[-1]).clamp(max=MAX_VALUES - 1)
    return counts.new_zeros((2, MAX_VALUES)).index_add(1, group, counts)
