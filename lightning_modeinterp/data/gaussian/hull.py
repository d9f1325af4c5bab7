"""Uniform points among the modes: the baseline of samples that know only the extent of the modes."""

import torch
from scipy.spatial import Delaunay
from torch import Tensor

MAX_HULL_DIMENSIONS = 6
"""In higher dimensions hardly any uniform point of the box is in the hull."""


def uniform_in_hull(means: Tensor, num_points: int, generator: torch.Generator) -> Tensor:
    """Draw uniform points in the convex hull of the modes.

    For modes on a line or in a plane, points are drawn in that line or plane. They are drawn in the hull's bounding
    box, and those outside the hull are left out.

    Args:
        means: (K, d) float64, data units.
        num_points: Number of points before those outside the hull are left out.
        generator: Source of randomness.

    Returns:
        (M, d) float64, data units, M <= ``num_points``; none for a single mode and above six dimensions.

    Example:
        >>> corners = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
        >>> points = uniform_in_hull(corners, 1000, torch.Generator().manual_seed(0))
        >>> bool((points.sum(1) < 1).all()), 450 < len(points) < 550
        (True, True)
    """
    centre = means.mean(0)
    _, scales, axes = torch.linalg.svd(means - centre, full_matrices=False)
    axes = axes[scales > 1e-9 * scales.max()]
    if not 1 <= len(axes) <= MAX_HULL_DIMENSIONS:
        return means[:0]
    inner = (means - centre) @ axes.T
    low, high = inner.min(0).values, inner.max(0).values
    points = low + (high - low) * torch.rand(num_points, len(axes), generator=generator, dtype=torch.float64)
    if len(axes) > 1:
        points = points[torch.from_numpy(Delaunay(inner.numpy()).find_simplex(points.numpy()) >= 0)]
    inside: Tensor = points @ axes + centre
    return inside
