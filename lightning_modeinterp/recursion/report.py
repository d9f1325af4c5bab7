"""Results of a recursion, as a table and as figures."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning_modeinterp.figures import generations, mode_weights, save_figure
from lightning_modeinterp.files import write_aside
from lightning_modeinterp.metrics.functional import wilson_interval
from lightning_modeinterp.recursion.pictures import write_pictures
from lightning_modeinterp.recursion.recurse import TABLE
from lightning_modeinterp.recursion.recursion import Generation, Recursion
from lightning_modeinterp.runs import CachedRuns

Row = Mapping[str, Any]
Number = Callable[[Row], float]


def _metric(name: str) -> Number:
    def number(row: Row) -> float:
        value = row["metrics"].get(name)
        return math.nan if value is None else float(value)

    return number


def _end(name: str, end: str) -> Number:
    """The lower or upper end of the 95 % interval of a metric; of a rate without one, that of its count."""

    def number(row: Row) -> float:
        metrics = row["metrics"]
        if f"{name}_{end}" in metrics or not name.endswith("_rate") or not metrics.get("num_samples"):
            return _metric(f"{name}_{end}")(row)
        total = int(metrics["num_samples"])
        return wilson_interval(round(metrics[name] * total), total)[end == "high"]

    return number


def _kept(name: str) -> Number:
    def number(row: Row) -> float:
        value = (row["kept"] or {}).get(name)
        return math.nan if value is None else float(value)

    return number


def dropped(row: Row) -> float:
    """Share of the samples in support that are not kept; nan in the last generation or without an oracle."""
    modes, kept = _modes(row, "modes"), _modes(row, "kept_modes")
    return 1 - sum(kept.values()) / sum(modes.values()) if sum(modes.values()) else math.nan


def most_dropped(row: Row) -> float:
    """The same share for the mode that loses most; nan if `dropped` is."""
    modes, kept = _modes(row, "modes"), _modes(row, "kept_modes")
    return max((1 - kept.get(mode, 0) / number for mode, number in modes.items() if number), default=math.nan)


def _modes(row: Row, name: str) -> Mapping[str, int]:
    modes: Mapping[str, int] = (row["kept"] or {}).get(name) or {}
    return modes


METRICS = {
    "hallucination rate": "hallucination_rate",
    "diverged rate": "diverged_rate",
    "mode weights, total variation": "mode_weight_tv",
    "modes covered": "mode_coverage",
    "least mode over its weight": "mode_weight_least",
    "within-mode std over exact": "within_mode_std_ratio",
    "fid_lenet": "fid_lenet",
    "fid_lenet of other data": "fid_lenet_floor",
    "kid_lenet": "kid_lenet",
}
COUNTS = ("num_drawn", "num_diverged", "num_samples", "num_hallucinated", "fid_lenet_num_samples")

NUMBERS: dict[str, Number] = {
    **{label: _metric(name) for label, name in METRICS.items()},
    "filter: recall": _kept("recall"),
    "filter: precision": _kept("precision"),
    "filter: dropped in support": dropped,
    "filter: dropped of the mode that loses most": most_dropped,
}
"""Metrics shown per generation, if measured."""

FIGURES: dict[str, tuple[str, ...]] = {
    "rates": ("hallucination rate",),
    "modes": ("mode weights, total variation", "least mode over its weight", "within-mode std over exact"),
    "distance": ("fid_lenet", "kid_lenet"),
    "filters": ("filter: recall", "filter: precision", "filter: dropped of the mode that loses most"),
}


def write_report(recursion: Recursion, rows: Sequence[Row], runs: CachedRuns, out: Path) -> list[Path]:
    """Write the table and the figures; those without data are left out.

    Args:
        recursion: The recursion.
        rows: The rows that `recurse` returned.
        runs: Its runs.
        out: Its directory.

    Returns:
        The files.
    """
    written = [write_table(recursion, rows, runs, out)]
    panels = {name: {label: NUMBERS[label] for label in shown} for name, shown in FIGURES.items()}
    for name, numbers in {**panels, "others": _others(rows)}.items():
        found = {label: curves_of(recursion, rows, number) for label, number in numbers.items()}
        known = {label: curves for label, curves in found.items() if _is_measured(curves, differ=name == "others")}
        if known:
            seeds = len(recursion.seeds)
            title = (
                f"{recursion.experiment}: {recursion.num_kept:,} samples per generation, {seeds} seed{'s'[: seeds > 1]}"
            )
            written.append(save_figure(generations(known, title), out / "figures" / f"{name}.png"))
    if arms := _modes_of_arms(recursion, rows):
        title = f"{recursion.experiment}: shares of the modes, seed {recursion.seeds[0]}"
        written.append(save_figure(mode_weights(arms, title), out / "figures" / "mode_weights.png"))
    return [*written, *write_pictures(recursion, runs, out / "figures")]


def write_table(recursion: Recursion, rows: Sequence[Row], runs: CachedRuns, out: Path) -> Path:
    """Write ``table.md``, with empty cells where nothing is measured yet. The arguments are those of `write_report`."""
    write_aside(out / TABLE, table(recursion, rows, runs).encode())
    return out / TABLE


def _modes_of_arms(recursion: Recursion, rows: Sequence[Row]) -> dict[str, list[Mapping[str, int]]]:
    """By arm, the samples per mode of each generation before its filter; for the first seed."""
    seen = [row for row in rows if row["seed"] == recursion.seeds[0] and _modes(row, "modes")]
    found = {arm: [_modes(row, "modes") for row in seen if row["arm"] == arm] for arm in recursion.arms}
    return {arm: counts for arm, counts in found.items() if counts}


def curves_of(recursion: Recursion, rows: Sequence[Row], number: Number) -> dict[str, list[list[float]]]:
    """By arm and seed, the number at each generation."""
    return {
        arm: [[number(row) for row in rows if (row["arm"], row["seed"]) == (arm, seed)] for seed in recursion.seeds]
        for arm in recursion.arms
    }


def table(recursion: Recursion, rows: Sequence[Row], runs: CachedRuns) -> str:
    """One line per arm and metric, with its value at each generation.

    For several seeds, mean and standard deviation; for one seed, the value with its 95 % interval if there is one. The
    last line of an arm is the time of a generation's commands on one core.
    """
    header = ["arm", "number", *(str(number) for number in range(recursion.num_generations + 1))]
    lines = [f"| {' | '.join(header)} |", f"|{' --- |' * len(header)}"]
    for label, number in {**NUMBERS, **_others(rows)}.items():
        curves = curves_of(recursion, rows, number)
        if _is_measured(curves):
            ends = [curves_of(recursion, rows, _end(METRICS.get(label, label), end)) for end in ("low", "high")]
            lines += [
                f"| {arm} | {label} | {' | '.join(_cells(seeds, *(end[arm] for end in ends)))} |"
                for arm, seeds in curves.items()
            ]
    for arm in recursion.arms:
        minutes = [_minutes(recursion, runs, arm, seed) for seed in recursion.seeds]
        lines.append(f"| {arm} | minutes | {' | '.join(_cells(minutes))} |")
    return "\n".join(lines) + "\n"


def _others(rows: Sequence[Row]) -> dict[str, Number]:
    """All further numbers of a generation: rates of single kinds, and the metrics of one's own data.

    Groups of numbers, which have a slash in their names, are left out, and so are ends of intervals.
    """
    names = {name for row in rows for name in row["metrics"] if "/" not in name}
    ends = {f"{name}_{end}" for name in names for end in ("low", "high")}
    return {name: _metric(name) for name in sorted(names - ends - {*METRICS.values(), *COUNTS})}


def _minutes(recursion: Recursion, runs: CachedRuns, arm: str, seed: int) -> list[float]:
    def seconds(generation: Generation) -> float:
        drawn = runs.seconds("predict", generation.keep.draw) if generation.keep else 0.0
        tested = runs.seconds("test", recursion.measured(generation.fit))
        return runs.seconds("fit", generation.fit) + tested + drawn

    return [seconds(generation) / 60 for generation in recursion.chain(arm, seed)]


def _is_measured(curves: Mapping[str, Sequence[Sequence[float]]], differ: bool = False) -> bool:
    """Whether there is a number, or if ``differ``, two different ones."""
    values = {value for seeds in curves.values() for each in seeds for value in each if math.isfinite(value)}
    return len(values) > (1 if differ else 0)


def _cells(seeds: Sequence[Sequence[float]], *ends: Sequence[Sequence[float]]) -> list[str]:
    """The number at each generation, by seed; ``ends`` are the lower and upper ends of its interval."""
    if len(seeds) == 1 and ends:
        low, high = (of_seeds[0] for of_seeds in ends)
        return [
            _cell([value]) + (f" [{_short(a)}, {_short(b)}]" if math.isfinite(value + a + b) else "")
            for value, a, b in zip(seeds[0], low, high, strict=True)
        ]
    return [_cell(values) for values in zip(*seeds, strict=True)]


def _cell(values: Sequence[float]) -> str:
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return ""
    spread = f" +- {statistics.stdev(known):.2g}" if len(known) > 1 else ""
    return f"{_short(statistics.mean(known))}{spread}"


def _short(value: float) -> str:
    return f"{value:.3g}"
