"""Rates of generated samples outside of the support of the data."""

from collections.abc import Sequence

from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.metrics.functional.intervals import rate_with_interval


def support_rates(kind_counts: Tensor, kinds: Sequence[str]) -> dict[str, float | int]:
    """Rates from the counts of each kind.

    With counts ``n_k`` of ``N`` samples, ``hallucination_rate = sum_{k >= 2} n_k / N`` and ``<kind>_rate = n_k / N``.
    Ambiguous samples count in ``N`` but are not hallucinations.
    The rates cannot tell whether the modes are covered: a model that repeats one sample has a rate of 0.

    Args:
        kind_counts: (K,) int64, samples of each kind.
        kinds: The K names, as in `SupportVerdict`: ``in_support``, ``ambiguous``, then the kinds of hallucination.

    Returns:
        ``hallucination_rate`` with its 95 % Wilson interval ``_low`` and ``_high``, ``<kind>_rate`` of every kind of
        hallucination, ``ambiguous_rate`` (all in [0, 1]; nan without samples), ``num_samples``, ``num_hallucinated``.

    Raises:
        ConfigurationError: If there is not one count for each kind.

    Example:
        >>> import torch
        >>> counts = torch.tensor([90, 2, 5, 3])
        >>> rates = support_rates(counts, ("in_support", "ambiguous", "interpolated", "invalid"))
        >>> rates["hallucination_rate"], rates["interpolated_rate"], rates["num_hallucinated"]
        (0.08, 0.05, 8)
    """
    if kind_counts.shape != (len(kinds),):
        raise ConfigurationError(
            f"expected one count for each of {tuple(kinds)}, got shape {tuple(kind_counts.shape)}; "
            "count with `torch.bincount(verdict.kind, minlength=len(kinds))`"
        )
    counts = dict(zip(kinds, kind_counts.tolist(), strict=True))
    num_samples, num_hallucinated = sum(counts.values()), sum(counts[kind] for kind in kinds[2:])
    share = {kind: count / num_samples if num_samples else float("nan") for kind, count in counts.items()}
    return {
        **rate_with_interval("hallucination_rate", num_hallucinated, num_samples),
        **{f"{kind}_rate": share[kind] for kind in kinds[1:]},
        "num_samples": num_samples,
        "num_hallucinated": num_hallucinated,
    }
