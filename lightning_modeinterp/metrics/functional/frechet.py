"""Frechet distance of the Gaussians fitted to two sets of features."""

import numpy as np
import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError

ROUNDING = 1e-12
"""Rounding error for equal Gaussians, as a share of the terms."""


def frechet_distance(mean_1: Tensor, covariance_1: Tensor, mean_2: Tensor, covariance_2: Tensor) -> float:
    """Squared Frechet (2-Wasserstein) distance of two Gaussians.

        |m_1 - m_2|^2 + tr(C_1 + C_2 - 2 (C_1^{1/2} C_2 C_1^{1/2})^{1/2})

    Between two sets of samples it is 0 for equal means and covariances, whatever else differs, and it decreases about
    as 1 / N with their size N: compare it only at equal sizes, and with its value for two sets of data of that size.

    Args:
        mean_1: (F,), of the first.
        covariance_1: (F, F).
        mean_2: (F,), of the second.
        covariance_2: (F, F).

    Returns:
        The distance, >= 0; nan if a number is not finite.

    Raises:
        ConfigurationError: If shapes do not fit.

    References:
        D. C. Dowson, B. V. Landau, "The Frechet distance between multivariate normal distributions", Journal of
        Multivariate Analysis 12 (1982); M. Heusel et al. (arXiv:1706.08500), equation 6.

    Example:
        >>> frechet_distance(torch.zeros(2), torch.eye(2), torch.tensor([3.0, 0.0]), 4 * torch.eye(2))
        11.0
    """
    size = mean_1.shape[0]
    if mean_1.shape != mean_2.shape or {covariance_1.shape, covariance_2.shape} != {(size, size)}:
        raise ConfigurationError(
            f"frechet_distance: expected means (F,) and covariances (F, F), got {tuple(mean_1.shape)}, "
            f"{tuple(covariance_1.shape)}, {tuple(mean_2.shape)} and {tuple(covariance_2.shape)}"
        )
    difference = (mean_1.double() - mean_2.double()).square().sum()
    first, second = covariance_1.double(), covariance_2.double()
    if not (first.isfinite().all() and second.isfinite().all()):
        return float("nan")
    root = _root(first)
    shared = torch.linalg.eigvalsh(root @ second @ root).clamp(min=0).sqrt().sum()
    total = difference + first.trace() + second.trace()
    distance = total - 2 * shared
    return distance.item() if distance > ROUNDING * total else 0.0


def feature_distance(first: Tensor, second: Tensor) -> float:
    """`frechet_distance` of two sets of features; nan for fewer than two samples.

    It depends on means and covariances only.

    Args:
        first: (N, F).
        second: (M, F).

    Example:
        >>> features = torch.randn(100, 3, generator=torch.Generator().manual_seed(0))
        >>> feature_distance(features, features) < 1e-9
        True
    """
    if min(len(first), len(second)) < 2:
        return float("nan")
    return frechet_distance(*_moments(first), *_moments(second))


def frechet_interval(first: Tensor, second: Tensor, num_replicates: int = 200, seed: int = 0) -> tuple[float, float]:
    """Interval of `feature_distance` by its bootstrap standard error: the distance -+ 1.96 of them.

    Both sets are resampled with replacement. This makes each replicate too large, like that of a smaller set, so their
    spread is used instead of their quantiles. It does not include the bias of a finite set.

    Args:
        first: (N, F).
        second: (M, F).
        num_replicates: Number of draws, at least 2.
        seed: Seed of the draws.

    Returns:
        Lower and upper end, at least 0; nan for fewer than two samples.

    Raises:
        ConfigurationError: For fewer than 2 draws.

    References:
        B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), sections 6 and 12.

    Example:
        >>> draws = torch.randn(2, 400, 2, generator=torch.Generator().manual_seed(0))
        >>> low, high = frechet_interval(draws[0], draws[1] + 1)
        >>> low < 2 < high
        True
    """
    if num_replicates < 2:
        raise ConfigurationError(f"expected at least 2 bootstrap replicates, got {num_replicates}; 200 are usual")
    distance = feature_distance(first, second)
    generator = np.random.default_rng(seed)
    replicates = [
        feature_distance(_drawn_again(first, generator), _drawn_again(second, generator)) for _ in range(num_replicates)
    ]
    half_width = 1.96 * float(np.std(replicates, ddof=1))
    return max(0.0, distance - half_width), distance + half_width


def _moments(features: Tensor) -> tuple[Tensor, Tensor]:
    values = features.double()
    return values.mean(0), values.T.cov().reshape(values.shape[1], values.shape[1])


def _drawn_again(features: Tensor, generator: np.random.Generator) -> Tensor:
    return features[torch.from_numpy(generator.integers(len(features), size=len(features)))]


def _root(matrix: Tensor) -> Tensor:
    """Symmetric square root of a symmetric matrix; eigenvalues that are negative by rounding count as 0."""
    values, vectors = torch.linalg.eigh(matrix)
    root: Tensor = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    return root
