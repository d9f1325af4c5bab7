"""Training curves, from the CSV log of a fit."""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lightning_modeinterp.reports.chart import Axis, Chart, Line, Point, short
from lightning_modeinterp.reports.headline import removed

LOG = Path("logs/fit/metrics.csv")
MAX_POINTS = 300

Rows = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class _Wanted:
    """A chart that is drawn if its numbers were logged: log key and label of each curve."""

    title: str
    caption: str
    label: str
    curves: Mapping[str, str]
    is_log: bool = False


def curves(folder: Path) -> list[Chart]:
    """Charts of logged values; none without a CSV log.

    Args:
        folder: The run directory.
    """
    file = folder / LOG
    if not file.is_file():
        return []
    with file.open(newline="") as opened:
        reader = csv.DictReader(opened)
        rows, names = list(reader), list(reader.fieldnames or ())
    return [chart for wanted in _wanted(names) if (chart := _chart(wanted, rows)) is not None]


def _wanted(names: Sequence[str]) -> Iterator[_Wanted]:
    yield _Wanted(
        "Loss",
        "What training minimises. It says little about hallucinations.",
        "loss",
        {"train/loss": "training", "val/loss": "validation"},
        is_log=True,
    )
    yield _Wanted(
        "Hallucination rate",
        "Share of the samples of each validation that are hallucinations, with its 95 % interval.",
        "rate",
        {"val/hallucination_rate": "hallucination rate"},
    )
    yield _Wanted(
        "Diverged rate",
        "Share of the samples that diverged; they are in no other rate.",
        "rate",
        {"val/diverged_rate": "diverged rate"},
    )
    shares = {name: f"removed at {share} % kept" for name, share in removed(dict.fromkeys(names), "val/")}
    yield _Wanted(
        "Detection",
        "How well the variance tells hallucinations from good samples at each validation: AUROC (0.5 is chance, 1 is "
        "perfect), and the share of hallucinations above the threshold.",
        "share",
        {"val/detection/auroc": "AUROC", **shares},
    )


def _chart(wanted: _Wanted, rows: Rows) -> Chart | None:
    lines = [
        line
        for number, (name, label) in enumerate(wanted.curves.items())
        if len((line := _line(rows, name, label, number)).points)
    ]
    values = [point.y for line in lines for point in line.points]
    if not any(values):  # nothing was logged, or nothing ever diverged
        return None
    values += [end for line in lines for ends in line.band for end in ends]
    steps = [point.x for line in lines for point in line.points]
    y = Axis.around(wanted.label, values, wanted.is_log)
    return Chart(wanted.title, wanted.caption, Axis.around("updates", steps), y, lines)


def _line(rows: Rows, name: str, label: str, number: int) -> Line:
    there = [row for row in rows if math.isfinite(_number(row, name))]
    there = there[:: max(1, math.ceil(len(there) / MAX_POINTS))]
    mark = f"line-{number}"
    points, band = [], []
    for row in there:
        step, value = _number(row, "step") + 1, _number(row, name)
        low, high = _number(row, f"{name}_low"), _number(row, f"{name}_high")
        ends = f" [{short(low)}, {short(high)}]" if math.isfinite(low + high) else ""
        points.append(Point(step, value, f"{label} after {step:,.0f} updates: {short(value)}{ends}", mark))
        band.append((low, high))
    return Line(label, points, mark, band if any(math.isfinite(low + high) for low, high in band) else ())


def _number(row: Mapping[str, str], name: str) -> float:
    return float(row.get(name) or math.nan)
