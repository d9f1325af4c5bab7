"""Squared maximum mean discrepancy of two sets of features, with KID's kernel.

The kernel is ``k(x, y) = (x . y / F + 1)^3``, a polynomial, so sums of it over all pairs of two sets follow from sums
of products of up to three features over each set. This takes one pass, and processes add their sums.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

MOST_FEATURES = 256
"""More features would take gigabytes: there is a sum for every three of them."""

_ROWS = 256


@dataclass(frozen=True)
class KernelSums:
    """Sums over N rows of F features each, float64.

    Args:
        first: (F,) sums of features.
        second: (F, F) sums of products of two.
        third: (F, F, F) sums of products of three.
        with_itself: Scalar, sum of ``k(x, x)``.
        number: Scalar int64, N.
    """

    first: Tensor
    second: Tensor
    third: Tensor
    with_itself: Tensor
    number: Tensor


def kernel_sums(features: Tensor) -> KernelSums:
    """Compute the sums of a set that the kernel needs.

    Args:
        features: (N, F).
    """
    size = features.shape[1]
    second = torch.zeros(size, size, dtype=torch.float64, device=features.device)
    third = torch.zeros(size, size * size, dtype=torch.float64, device=features.device)
    for rows in torch.split(features.double(), _ROWS):
        second += rows.T @ rows
        third += rows.T @ (rows.unsqueeze(2) * rows.unsqueeze(1)).flatten(1)
    with_itself = (features.double().square().sum(1) / size + 1).pow(3).sum()
    number = torch.tensor(len(features), device=features.device)
    return KernelSums(features.double().sum(0), second, third.view(size, size, size), with_itself, number)


def kernel_distance(samples: KernelSums, data: KernelSums) -> float:
    """Unbiased squared maximum mean discrepancy of two sets.

        mean k(x, x') + mean k(y, y') - 2 mean k(x, y),        x' and y' other elements than x and y

    Its mean is 0 for sets from one distribution, at any size, and it may be negative. Published KID averages it over
    small subsets instead, which is noisier with the same mean.
    It cannot tell distributions with equal means of products of up to three features apart.

    Args:
        samples: Sums of at least two samples.
        data: Sums of at least two data.

    Returns:
        The distance; nan for fewer than two of either, or if a feature is not finite.

    References:
        M. Binkowski et al., "Demystifying MMD GANs" (arXiv:1801.01401), section 3.

    Example:
        >>> x, y = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [1.0]])
        >>> kernel_distance(kernel_sums(x), kernel_sums(y))  # (1 + 1) / 2 * 2 - 2 * (1 + 1 + 1 + 8) / 4
        -3.5
    """
    num_samples, num_data = int(samples.number), int(data.number)
    if min(num_samples, num_data) < 2:
        return float("nan")
    of_samples = (_all_pairs(samples, samples) - samples.with_itself) / (num_samples * (num_samples - 1))
    of_data = (_all_pairs(data, data) - data.with_itself) / (num_data * (num_data - 1))
    return float(of_samples + of_data - 2 * _all_pairs(samples, data) / (num_samples * num_data))


def _all_pairs(x: KernelSums, y: KernelSums) -> Tensor:
    """Sum of the kernel over all pairs, by ``(z + 1)^3 = 1 + 3 z + 3 z^2 + z^3``."""
    size = len(x.first)
    terms = (x.first @ y.first / size, (x.second * y.second).sum() / size**2, (x.third * y.third).sum() / size**3)
    return x.number * y.number + 3 * terms[0] + 3 * terms[1] + terms[2]
