"""What a test found, as a few lines on the terminal."""

import re
from collections.abc import Mapping

Number = float | int | None


def summary(metrics: Mapping[str, Number]) -> str:
    """Table of the numbers that matter, each with its 95 % interval and the count behind it.

    Args:
        metrics: Contents of ``test_metrics.json``; None stands for what could not be measured.

    Example:
        >>> values = {"hallucination_rate": 0.5, "hallucination_rate_low": 0.4, "hallucination_rate_high": 0.6}
        >>> print(summary({**values, "num_samples": 100}))
        hallucination rate                0.5000 [0.4000, 0.6000]  of 100 samples
    """
    rows = [
        *(
            [("diverged, in no other rate", "diverged_rate", "num_drawn", "samples")]
            if metrics.get("num_diverged")
            else []
        ),
        ("hallucination rate", "hallucination_rate", "num_samples", "samples"),
        *(
            (f"removed at {share} % retained", name, "detection/num_hallucinated", "hallucinations")
            for name, share in _removed(metrics)
        ),
        ("retained there", "detection/retained", "detection/num_in_support", "samples in support"),
        ("AUROC", "detection/auroc", "num_hallucinated", "hallucinations"),
        ("modes covered", "mode_coverage", None, ""),
        ("mode std over that of exact score", "within_mode_std_ratio", None, ""),
        ("loss", "loss", None, ""),
    ]
    return "\n".join(_row(metrics, *row) for row in rows if row[1] in metrics)


def _removed(metrics: Mapping[str, Number]) -> list[tuple[str, str]]:
    """The share removed by the main score, and the share that it is to retain."""
    found = ((name, re.fullmatch(r"detection/removed_at_([\d.]+)_retained", name)) for name in metrics)
    return [(name, match[1]) for name, match in found if match]


def _row(metrics: Mapping[str, Number], label: str, key: str, count: str | None, of: str) -> str:
    line = f"{label:<33} {_number(metrics[key])}"
    if f"{key}_low" in metrics:
        line += f" [{_number(metrics[f'{key}_low'])}, {_number(metrics[f'{key}_high'])}]"
    if count is not None:
        line += f"  of {metrics[count] or 0:,} {of}"
    return line


def _number(value: Number) -> str:
    return "not measurable" if value is None else f"{value:.4f}"
