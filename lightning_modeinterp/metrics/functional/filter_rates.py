"""Rates of a threshold that is set on one half of the samples and evaluated on the other."""

from lightning_modeinterp.metrics.functional.intervals import rate_with_interval
from lightning_modeinterp.metrics.functional.score_counts import (
    CALIBRATION,
    HALLUCINATED,
    IN_SUPPORT,
    REPORTING,
    ScoreCounts,
)
from lightning_modeinterp.threshold import PUBLISHED_RETAINED, Threshold


def removed_name(retained: float) -> str:
    """Name of the share of hallucinations removed at a share of in-support samples kept.

    The name has the *target* share; the actual one is given as ``retained``.

    Args:
        retained: The target share, in (0, 1].

    Returns:
        A key.

    Example:
        >>> removed_name(0.96), removed_name(0.995)
        ('removed_at_96_retained', 'removed_at_99.5_retained')
    """
    return f"removed_at_{100 * retained:g}_retained"


def filter_rates(scores: ScoreCounts, retained: float = PUBLISHED_RETAINED) -> dict[str, float | int]:
    """Set a threshold on the calibration fold and report on the other.

    The threshold is the smallest score that keeps ``retained`` of the in-support calibration samples; a reported sample
    is removed when it scores above it. All intervals are 95 % Wilson.
    They ignore the uncertainty of the threshold: another calibration fold would have moved it.

    Args:
        scores: Distinct scores and their counts.
        retained: Share of in-support samples to keep, in (0, 1].

    Returns:
        ``threshold`` (a score; model units squared for variances); of the reporting fold, in [0, 1] with ``_low`` and
        ``_high``, ``retained`` (in-support samples kept) and ``removed_at_<retained>_retained`` (hallucinated samples
        removed); the counts ``num_in_support``, ``num_hallucinated`` (reporting) and ``num_calibration`` (in support,
        set the threshold). Without a threshold or without samples a rate is nan and its interval [0, 1].

    Raises:
        ConfigurationError: If ``retained`` is not in (0, 1].

    Example:
        >>> import torch
        >>> counts = torch.tensor([[[4, 1, 0], [0, 0, 0]], [[3, 1, 1], [0, 1, 3]]])
        >>> rates = filter_rates(ScoreCounts(torch.tensor([1.0, 2.0, 3.0]), counts), retained=0.96)
        >>> rates["threshold"], rates["retained"], rates["removed_at_96_retained"]
        (2.0, 0.8, 0.75)
    """
    threshold = Threshold.of_counts(scores.values, scores.counts[CALIBRATION, IN_SUPPORT], retained)
    reporting = scores.counts[REPORTING]
    num_samples = reporting.sum(-1).tolist()
    num_removed = (reporting * threshold.flags(scores.values)).sum(-1).tolist()
    num_judged = num_samples if threshold.is_known else [0, 0]
    num_kept = num_judged[IN_SUPPORT] - num_removed[IN_SUPPORT]
    return {
        "threshold": threshold.value,
        **rate_with_interval("retained", num_kept, num_judged[IN_SUPPORT]),
        **rate_with_interval(removed_name(retained), num_removed[HALLUCINATED], num_judged[HALLUCINATED]),
        "num_in_support": num_samples[IN_SUPPORT],
        "num_hallucinated": num_samples[HALLUCINATED],
        "num_calibration": threshold.num_in_support,
    }
