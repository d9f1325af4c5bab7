"""Results of a test, as a few lines on the terminal."""

from collections.abc import Mapping

from lightning_modeinterp.reports.headline import Headline, Number, headlines


def summary(metrics: Mapping[str, Number]) -> str:
    """Table of the numbers that matter, each with its 95 % interval and the count behind it.

    Args:
        metrics: Content of ``test_metrics.json``; None marks values that could not be measured.

    Example:
        >>> values = {"hallucination_rate": 0.5, "hallucination_rate_low": 0.4, "hallucination_rate_high": 0.6}
        >>> print(summary({**values, "num_samples": 100}))
        hallucination rate                0.5000 [0.4000, 0.6000]  of 100 samples
    """
    return "\n".join(map(_line, headlines(metrics)))


def _line(found: Headline) -> str:
    line = f"{found.label:<33} {_number(found.value)}"
    if found.ends is not None:
        line += f" [{_number(found.ends[0])}, {_number(found.ends[1])}]"
    if found.count is not None:
        line += f"  of {found.count:,} {found.of}"
    return line


def _number(value: Number) -> str:
    return "not measurable" if value is None else f"{value:.4f}"
