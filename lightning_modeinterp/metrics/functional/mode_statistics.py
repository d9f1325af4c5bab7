"""Frequencies of the modes among the samples in support, and their width."""

from torch import Tensor


def mode_coverage(mode_counts: Tensor, weights: Tensor, covered_from: float = 0.1) -> Tensor:
    """The share of modes that are covered.

    A mode counts as covered when it has at least ``covered_from`` of its expected count ``w_k N``, with ``N`` the
    samples in support. Modes of weight 0 are ignored.
    It cannot tell how well a mode's shape or weight is matched, only that the mode exists.

    Args:
        mode_counts: (K,) int64, in-support samples of each mode.
        weights: (K,) the modes' true weights, summing to 1.
        covered_from: Share of the expected count that makes a mode covered, in (0, 1].

    Returns:
        Scalar float64 in [0, 1]; 0 if nothing is in support.

    Example:
        >>> import torch
        >>> mode_coverage(torch.tensor([50, 50, 1, 0]), torch.full((4,), 0.25))
        tensor(0.5000, dtype=torch.float64)
    """
    expected = weights.double() * mode_counts.sum()
    covered = (mode_counts >= covered_from * expected) & (mode_counts > 0)
    return covered[weights > 0].double().mean()


def mode_weight_tv(mode_counts: Tensor, weights: Tensor) -> Tensor:
    """The total variation between the modes' frequencies and their weights.

    ``1/2 sum_k |n_k / N - w_k|`` over the samples in support: the share that would have to change mode.
    It includes noise: a perfect sampler has about ``sqrt(K / (2 pi N))`` by chance (equal weights, large K).

    Args:
        mode_counts: (K,) int64, in-support samples of each mode.
        weights: (K,) the modes' true weights, summing to 1.

    Returns:
        Scalar float64 in [0, 1]; nan if nothing is in support.

    Example:
        >>> import torch
        >>> mode_weight_tv(torch.tensor([75, 25]), torch.tensor([0.5, 0.5]))
        tensor(0.2500, dtype=torch.float64)
    """
    frequencies = mode_counts.double() / mode_counts.sum()
    return (frequencies - weights.double()).abs().sum() / 2


def mode_weight_least(mode_counts: Tensor, weights: Tensor) -> Tensor:
    """The smallest ratio of a mode's frequency to its weight.

    ``min_k (n_k / N) / w_k`` over the modes of positive weight: 1 if every mode has its weight, 0 if one is lost.
    It includes noise: with few samples per mode, the smallest of many frequencies is small by chance.

    Args:
        mode_counts: (K,) int64, in-support samples of each mode.
        weights: (K,) the modes' true weights, summing to 1.

    Returns:
        Scalar float64 in [0, 1]; nan if nothing is in support.

    Example:
        >>> import torch
        >>> mode_weight_least(torch.tensor([80, 20]), torch.tensor([0.75, 0.25]))
        tensor(0.8000, dtype=torch.float64)
    """
    frequencies = mode_counts.double() / mode_counts.sum()
    return (frequencies / weights.double())[weights > 0].min()


def modes_filled(mode_counts: Tensor, weights: Tensor) -> dict[str, Tensor]:
    """All statistics of the counts of modes, by name; see the functions of the same names.

    Args:
        mode_counts: (K,) int64, in-support samples of each mode.
        weights: (K,) the modes' true weights, summing to 1.

    Returns:
        ``mode_coverage``, ``mode_weight_tv`` and ``mode_weight_least``, float64 scalars.
    """
    return {
        measure.__name__: measure(mode_counts, weights)
        for measure in (mode_coverage, mode_weight_tv, mode_weight_least)
    }


def within_mode_std(mode_counts: Tensor, sums: Tensor, sums_of_squares: Tensor) -> Tensor:
    """Pooled standard deviation within the modes.

    Every mode's spread is taken around its own empirical mean, then pooled over modes and coordinates:

        std^2 = sum_kj (q_kj - s_kj^2 / n_k) / (N d)

    The moments ``s``, ``q`` are around a fixed point of the mode (its centre), which avoids cancellation.
    It cannot tell a narrow mode from a sampler that stops early, which shrinks the modes even of a perfect model:
    compare with the exact score in the same sampler.

    Args:
        mode_counts: (K,) int64 ``n_k``, in-support samples of each mode.
        sums: (K, d) float64 ``s_kj``, summed deviations from the centre, data units.
        sums_of_squares: (K, d) float64 ``q_kj``, summed squared deviations from the centre, data units squared.

    Returns:
        Scalar float64, data units; the population std, nan if nothing is in support.

    Example:
        >>> import torch
        >>> deviations = torch.tensor([[-1.0], [1.0]], dtype=torch.float64)
        >>> within_mode_std(torch.tensor([2]), deviations.sum(0, True), deviations.square().sum(0, True))
        tensor(1., dtype=torch.float64)
    """
    visited = mode_counts > 0
    num_samples = mode_counts[visited, None].double()
    squares = sums_of_squares[visited] - sums[visited].square() / num_samples
    # A mode of one sample has no spread; rounding may make it slightly negative.
    return (squares.clamp(min=0).sum() / (num_samples.sum() * sums.shape[1])).sqrt()


def interpolation_enrichment(num_interpolated: Tensor, num_off_modes: Tensor, chance_share: float) -> Tensor:
    """How often off-mode samples lie between nearest modes, compared with chance.

    ``(num_interpolated / num_off_modes) / chance_share``: uniform points off the modes give 1.
    It cannot tell how many hallucinations there are, and says nothing in one dimension, where every point between two
    modes is between nearest ones.

    Args:
        num_interpolated: Scalar int64, samples in the tubes between nearest modes.
        num_off_modes: Scalar int64, all samples off the modes.
        chance_share: Share of the area off the modes that the tubes cover, in (0, 1].

    Returns:
        Scalar float64, at least 0; nan if no sample is off the modes.

    Example:
        >>> import torch
        >>> interpolation_enrichment(torch.tensor(41), torch.tensor(50), chance_share=0.41)
        tensor(2., dtype=torch.float64)
    """
    return num_interpolated.double() / num_off_modes / chance_share
