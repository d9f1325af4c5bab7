"""The most important numbers of a test, each with its interval and count."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Number = float | int | None
"""None if it could not be measured."""


@dataclass(frozen=True)
class Headline:
    """An important number.

    Args:
        key: Its name in ``test_metrics.json``.
        label: Its label.
        value: The number.
        ends: Ends of its 95 % interval; None if it has none.
        count: Total number of counted items; None if it is not a rate.
        of: Name of the counted items.
    """

    key: str
    label: str
    value: Number
    ends: tuple[Number, Number] | None
    count: int | None
    of: str


def headlines(metrics: Mapping[str, Number]) -> list[Headline]:
    """Those of these numbers that exist, the most important first.

    Args:
        metrics: Content of ``test_metrics.json``.

    Example:
        >>> [(each.label, each.value, each.count) for each in headlines({"hallucination_rate": 0.5, "num_samples": 8})]
        [('hallucination rate', 0.5, 8)]
    """
    return [_headline(metrics, *row) for row in _rows(metrics) if row[1] in metrics]


def _rows(metrics: Mapping[str, Number]) -> Iterator[tuple[str, str, str | None, str]]:
    if metrics.get("num_diverged"):
        yield "diverged, in no other rate", "diverged_rate", "num_drawn", "samples"
    yield "hallucination rate", "hallucination_rate", "num_samples", "samples"
    for name, share in removed(metrics):
        yield f"removed at {share} % retained", name, "detection/num_hallucinated", "hallucinations"
    yield "retained there", "detection/retained", "detection/num_in_support", "samples in support"
    yield "AUROC", "detection/auroc", "num_hallucinated", "hallucinations"
    yield "modes covered", "mode_coverage", None, ""
    yield "mode std over that of exact score", "within_mode_std_ratio", None, ""
    yield "loss", "loss", None, ""


def removed(metrics: Mapping[str, Number], stage: str = "") -> list[tuple[str, str]]:
    """The share removed by the detecting score, and the share to retain, in percent.

    Args:
        metrics: Numbers by name.
        stage: Prefix of their names, such as ``val/``.
    """
    found = ((name, re.fullmatch(rf"{stage}detection/removed_at_([\d.]+)_retained", name)) for name in metrics)
    return [(name, match[1]) for name, match in found if match]


def _headline(metrics: Mapping[str, Number], label: str, key: str, count: str | None, of: str) -> Headline:
    ends = (metrics[f"{key}_low"], metrics[f"{key}_high"]) if f"{key}_low" in metrics else None
    return Headline(key, label, metrics[key], ends, None if count is None else int(metrics[count] or 0), of)
