"""Numbers in titles and legends."""

import math

from lightning_modeinterp.metrics.functional import wilson_interval


def percent(rate: float) -> str:
    """Write a rate in [0, 1] as percent, with enough digits for a rare event; ``n/a`` for nan.

    Example:
        >>> percent(0.9642), percent(0.0031), percent(0.000042), percent(float("nan"))
        ('96.42 %', '0.31 %', '0.0042 %', 'n/a')
    """
    return "n/a" if math.isnan(rate) else f"{_digits(rate)} %"


def decimal(rate: float) -> str:
    """Write a rate in [0, 1] with four digits; ``n/a`` for nan.

    Example:
        >>> decimal(0.99271), decimal(float("nan"))
        ('0.9927', 'n/a')
    """
    return "n/a" if math.isnan(rate) else f"{rate:.4f}"


def ratio(value: float) -> str:
    """Write a ratio with three significant digits; ``n/a`` for nan.

    Example:
        >>> ratio(0.02941), ratio(1.0), ratio(float("nan"))
        ('0.0294', '1', 'n/a')
    """
    return "n/a" if math.isnan(value) else f"{value:.3g}"


def rate_with_interval(num_hits: int, num_samples: int) -> str:
    """Write a rate with its 95 % Wilson interval and the count behind it.

    Args:
        num_hits: Number of hits, in [0, num_samples].
        num_samples: At least 1.

    Example:
        >>> rate_with_interval(310, 100_000)
        '0.31 % [0.28, 0.35], n = 100,000'
    """
    low, high = wilson_interval(num_hits, num_samples)
    return f"{percent(num_hits / num_samples)} [{_digits(low)}, {_digits(high)}], n = {num_samples:,}"


def lie_outside(number: int) -> str:
    """Say how many samples the axes do not show; nothing if they show all.

    Example:
        >>> lie_outside(1_200), lie_outside(1), lie_outside(0)
        ('1,200 samples lie outside', '1 sample lies outside', '')
    """
    if number == 0:
        return ""
    return "1 sample lies outside" if number == 1 else f"{number:,} samples lie outside"


def not_judged(num_samples: int) -> str:
    """Caption of samples without an oracle.

    Example:
        >>> not_judged(12_288)
        '12,288 samples, not judged'
    """
    return f"{num_samples:,} sample{'' if num_samples == 1 else 's'}, not judged"


def power(value: float) -> str:
    """Write a variance short; ``n/a`` for nan.

    Example:
        >>> power(0.00123), power(float("nan"))
        ('1.2e-03', 'n/a')
    """
    return "n/a" if math.isnan(value) else f"{value:.1e}"


def _digits(rate: float) -> str:
    return f"{100 * rate:.2f}" if rate >= 1e-3 else f"{100 * rate:.2g}"
