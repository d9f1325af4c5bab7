"""Positions of the modes in the paper's 2D data: a square grid, or one rotated into a diamond.

    grid:     s (i, j)                   for i, j in {-h, ..., h},  h = (side - 1) / 2
    diamond:  s / sqrt(2) (i - j, i + j),  the grid rotated by 45 degrees: nearest modes are diagonal

with the distance ``s`` between nearest modes. The authors' code rotates the grid *and* shrinks it by sqrt(2), so that
neighbours in its diamond are at ``s / sqrt(2)``: orientation and distance change together.
"""

import math
from typing import Literal

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError

Arrangement = Literal["grid", "diamond_as_released", "diamond_same_spacing"]
"""Arrangement of the modes of a 2D mixture."""


def grid_means(side: int, spacing: float) -> Tensor:
    """Centres of a square grid around the origin, row by row from the lower left.

    Args:
        side: Modes per row, >= 1.
        spacing: Distance between nearest modes, > 0, data units.

    Returns:
        (side^2, 2) float64, data units.

    Raises:
        ConfigurationError: If side or spacing is not positive.

    Example:
        >>> grid_means(2, spacing=2.0).tolist()
        [[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]
    """
    if side < 1 or not (spacing > 0 and math.isfinite(spacing)):
        raise ConfigurationError(
            f"grid: expected side >= 1 and spacing > 0, got {side} and {spacing}; the paper has 5 and 2.0"
        )
    steps = spacing * (torch.arange(side, dtype=torch.float64) - (side - 1) / 2)
    return torch.cartesian_prod(steps, steps).reshape(-1, 2)


def diamond_means(side: int, half_diagonal: float) -> Tensor:
    """Centres of a square grid around the origin, rotated by 45 degrees.

    Args:
        side: Modes along an edge, >= 1.
        half_diagonal: Half the diagonal of a cell, > 0, data units: nearest modes are sqrt(2) times as far apart.

    Returns:
        (side^2, 2) float64, data units, in the order of `grid_means`.

    Raises:
        ConfigurationError: If side or spacing is not positive.

    Example:
        >>> diamond_means(2, half_diagonal=1.0).tolist()
        [[0.0, -1.0], [-1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    """
    x, y = grid_means(side, half_diagonal).T
    return torch.stack([x - y, x + y], dim=1)


def arranged_means(arrangement: Arrangement, side: int, spacing: float) -> Tensor:
    """Centres of a named arrangement.

    Args:
        arrangement: ``grid``; ``diamond_as_released``, rotated and shrunk by sqrt(2); or ``diamond_same_spacing``,
            only rotated.
        side: Modes along an edge, >= 1.
        spacing: Distance between nearest modes of the straight grid, > 0, data units.

    Returns:
        (side^2, 2) float64, data units.

    Raises:
        ConfigurationError: If side or spacing is not positive, or there is no such arrangement.

    Example:
        >>> arranged_means("diamond_as_released", 5, 2.0).abs().max().item()
        4.0
    """
    if arrangement == "grid":
        return grid_means(side, spacing)
    if arrangement == "diamond_as_released":
        return diamond_means(side, half_diagonal=spacing / 2)
    if arrangement == "diamond_same_spacing":
        return diamond_means(side, half_diagonal=spacing / math.sqrt(2))
    raise ConfigurationError(
        f"arrangement: expected grid, diamond_as_released or diamond_same_spacing, got {arrangement}"
    )


def grid_scale(side: int, spacing: float, std: float) -> float:
    """Standard deviation of a coordinate of the grid, ``sqrt(std^2 + spacing^2 (side^2 - 1) / 12)``.

    The authors divide their 2D data by it, and their smaller diamond by the same number.

    Args:
        side: Modes in a row, >= 1.
        spacing: Distance between nearest modes, data units.
        std: Standard deviation of every mode, data units.

    Returns:
        Data units.

    Example:
        >>> round(grid_scale(5, 2.0, 0.05), 4)  # sqrt(0.05^2 + 8)
        2.8289
    """
    return math.sqrt(std**2 + spacing**2 * (side**2 - 1) / 12)
