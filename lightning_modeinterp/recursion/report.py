"""What a recursion found, as a table and as figures."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning_modeinterp.figures import generations, save_figure
from lightning_modeinterp.files import write_aside
from lightning_modeinterp.recursion.pictures import write_pictures
from lightning_modeinterp.recursion.recurse import TABLE
from lightning_modeinterp.recursion.recursion import Recursion
from lightning_modeinterp.runs import CachedRuns

Row = Mapping[str, Any]
Number = Callable[[Row], float]


def _metric(name: str) -> Number:
    def number(row: Row) -> float:
        value = row["metrics"].get(name)
        return math.nan if value is None else float(value)

    return number


def _kept(name: str) -> Number:
    def number(row: Row) -> float:
        value = (row["kept"] or {}).get(name)
        return math.nan if value is None else float(value)

    return number


NUMBERS: dict[str, Number] = {
    "hallucination rate": _metric("hallucination_rate"),
    "diverged rate": _metric("diverged_rate"),
    "mode weights, total variation": _metric("mode_weight_tv"),
    "modes covered": _metric("mode_coverage"),
    "least mode over its weight": _metric("mode_weight_least"),
    "within-mode std over exact": _metric("within_mode_std_ratio"),
    "fid_lenet": _metric("fid_lenet"),
    "filter: recall": _kept("recall"),
    "filter: precision": _kept("precision"),
}
"""What is shown of a generation, where it is measured."""

FIGURES: dict[str, tuple[str, ...]] = {
    "rates": ("hallucination rate",),
    "modes": ("mode weights, total variation", "least mode over its weight", "within-mode std over exact"),
    "distance": ("fid_lenet",),
    "filters": ("filter: recall", "filter: precision"),
}


def write_report(recursion: Recursion, rows: Sequence[Row], runs: CachedRuns, out: Path) -> list[Path]:
    """Write the table and the figures; those of which nothing was measured are left out.

    Args:
        recursion: What was run.
        rows: What `recurse` returned.
        runs: Its runs.
        out: Its directory.

    Returns:
        The files.
    """
    write_aside(out / TABLE, table(recursion, rows).encode())
    written = [out / TABLE]
    for name, shown in FIGURES.items():
        panels = {label: curves_of(recursion, rows, NUMBERS[label]) for label in shown}
        known = {label: curves for label, curves in panels.items() if _is_measured(curves)}
        if known:
            seeds = len(recursion.seeds)
            title = (
                f"{recursion.experiment}: {recursion.num_kept:,} samples a generation, {seeds} seed{'s'[: seeds > 1]}"
            )
            written.append(save_figure(generations(known, title), out / "figures" / f"{name}.png"))
    return [*written, *write_pictures(recursion, runs, out / "figures")]


def curves_of(recursion: Recursion, rows: Sequence[Row], number: Number) -> dict[str, list[list[float]]]:
    """By arm, for each seed the number at each generation."""
    return {
        arm: [[number(row) for row in rows if (row["arm"], row["seed"]) == (arm, seed)] for seed in recursion.seeds]
        for arm in recursion.arms
    }


def table(recursion: Recursion, rows: Sequence[Row]) -> str:
    """A line for each arm and number, with the mean over seeds at each generation, and their standard deviation."""
    header = ["arm", "number", *(str(number) for number in range(recursion.num_generations + 1))]
    lines = [f"| {' | '.join(header)} |", f"|{' --- |' * len(header)}"]
    for label, number in NUMBERS.items():
        curves = curves_of(recursion, rows, number)
        if _is_measured(curves):
            lines += [
                f"| {arm} | {label} | {' | '.join(_cell(values) for values in zip(*seeds, strict=True))} |"
                for arm, seeds in curves.items()
            ]
    return "\n".join(lines) + "\n"


def _is_measured(curves: Mapping[str, Sequence[Sequence[float]]]) -> bool:
    return any(math.isfinite(value) for seeds in curves.values() for values in seeds for value in values)


def _cell(values: Sequence[float]) -> str:
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return ""
    spread = f" +- {statistics.stdev(known):.2g}" if len(known) > 1 else ""
    return f"{statistics.mean(known):.3g}{spread}"
