"""Confidence intervals of proportions."""

import math

from scipy.stats import binomtest

from lightning_modeinterp.errors import ConfigurationError


def wilson_interval(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a proportion.

    With ``p = successes / trials``, ``n = trials`` and the normal quantile ``z`` of ``confidence``:

        (p + z^2 / 2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)

    It stays inside [0, 1] and has a width even for 0 (or all) successes, as rare hallucinations need.
    It assumes independent trials.

    Args:
        successes: Number of successes, 0 to ``trials``.
        trials: Number of samples; 0 gives (0, 1).
        confidence: Coverage in (0, 1).

    Returns:
        Lower and upper end, both in [0, 1].

    Raises:
        ConfigurationError: If the counts or the confidence are out of range.

    References:
        E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).

    Example:
        >>> low, high = wilson_interval(5, 100)
        >>> f"{low:.4f} {high:.4f}"
        '0.0215 0.1118'
    """
    _check(successes, trials, confidence)
    if trials == 0:
        return 0.0, 1.0
    interval = binomtest(successes, trials).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)


def rate_with_interval(name: str, successes: int, trials: int, confidence: float = 0.95) -> dict[str, float]:
    """A proportion and the ends of its Wilson interval, by name.

    It assumes independent samples.

    Args:
        name: Name of the proportion; its ends get ``_low`` and ``_high``.
        successes: Number of successes, 0 to ``trials``.
        trials: Number of samples. Without any, the value is nan and the interval [0, 1].
        confidence: Coverage in (0, 1).

    Returns:
        Three flat entries, in [0, 1].

    Raises:
        ConfigurationError: If the counts or the confidence are out of range.

    Example:
        >>> rate_with_interval("removed_rate", 0, 0)
        {'removed_rate': nan, 'removed_rate_low': 0.0, 'removed_rate_high': 1.0}
    """
    low, high = wilson_interval(successes, trials, confidence)
    return {name: successes / trials if trials else math.nan, f"{name}_low": low, f"{name}_high": high}


def _check(successes: int, trials: int, confidence: float) -> None:
    if not 0 <= successes <= trials:
        raise ConfigurationError(
            f"expected 0 <= successes <= trials, got {successes} of {trials}; count the hits among the trials"
        )
    if not 0 < confidence < 1:
        raise ConfigurationError(f"expected a confidence in (0, 1), got {confidence}; 0.95 is usual")
