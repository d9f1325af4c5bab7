"""Where hallucinations interpolate: between neighbours, or across the diagonals of the cells.

The share of off-mode samples in the tubes is compared with that of uniform points off the modes:
``enrichment = share / chance share``, which is 1 for samples that are independent of the pairs.
"""

import math

import torch
from torch import Tensor

from lightning_modeinterp.metrics.functional.intervals import rate_with_interval


def pair_interpolation(
    pair_counts: Tensor, num_off_modes: int, chance_counts: Tensor, num_chance_points: int, is_diagonal: Tensor
) -> dict[str, float | int]:
    """Shares and enrichments of neighbours and of diagonals.

    They cannot tell how often a model hallucinates, and the intervals ignore the error of the chance share, which
    decreases with the number of points.

    Args:
        pair_counts: (P,) int64, off-mode samples in the tube of each pair, none counted twice.
        num_off_modes: Number of samples off the modes.
        chance_counts: (P,) int64, the same for uniform points off the modes.
        num_chance_points: Number of these points, >= 1.
        is_diagonal: (P,) bool, see `ModePairs`.

    Returns:
        ``interpolation/{neighbour,diagonal}_share`` in [0, 1]; ``_enrichment``, the share over the chance share, with
        ``_low`` and ``_high`` from the 95 % Wilson interval of the share; ``interpolation/num_off_modes``. nan if
        there is no such pair or no sample off the modes.

    Example:
        >>> counts, chance = torch.tensor([60, 20, 1]), torch.tensor([200, 200, 80])
        >>> values = pair_interpolation(counts, 100, chance, 1000, torch.tensor([False, False, True]))
        >>> values["interpolation/neighbour_share"], values["interpolation/neighbour_enrichment"]
        (0.8, 2.0)
        >>> values["interpolation/diagonal_share"], values["interpolation/diagonal_enrichment"]
        (0.01, 0.125)
    """
    values: dict[str, float | int] = {}
    for name, chosen in (("neighbour", ~is_diagonal), ("diagonal", is_diagonal)):
        share, enrichment = f"interpolation/{name}_share", f"interpolation/{name}_enrichment"
        chance = int(chance_counts[chosen].sum()) / num_chance_points
        rates = rate_with_interval(enrichment, int(pair_counts[chosen].sum()), num_off_modes)
        values[share] = rates[enrichment] if chosen.any() else math.nan
        values |= {key: rate / chance if chance and num_off_modes else math.nan for key, rate in rates.items()}
    return {**values, "interpolation/num_off_modes": num_off_modes}


def pair_enrichment(pair_counts: Tensor, num_off_modes: int, chance_counts: Tensor, num_chance_points: int) -> Tensor:
    """Enrichment of each pair's tube.

    Args:
        pair_counts: (P,) int64, off-mode samples in the tube of each pair.
        num_off_modes: Number of samples off the modes.
        chance_counts: (P,) int64, the same for uniform points off the modes.
        num_chance_points: Number of these points, >= 1.

    Returns:
        (P,) float64; nan if no sample is off the modes or no point is in the tube.

    Example:
        >>> pair_enrichment(torch.tensor([50, 25, 0]), 100, torch.tensor([125, 250, 0]), 1000)
        tensor([4., 1., nan], dtype=torch.float64)
    """
    share, chance = pair_counts.double() / num_off_modes, chance_counts.double() / num_chance_points
    return (share / chance).where(chance > 0, torch.nan)
