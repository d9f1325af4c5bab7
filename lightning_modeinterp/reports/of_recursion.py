"""The report of a recursion: models trained on their own samples."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.recursion.recurse import GENERATIONS, MARKER, TABLE
from lightning_modeinterp.reports.chart import Axis, Chart, Line, Point, short
from lightning_modeinterp.reports.content import Folded, Picture, Report, Section, Table, Tile
from lightning_modeinterp.reports.settings import described
from lightning_modeinterp.reports.words import HALLUCINATION, VARIANCE

Row = Mapping[str, Any]

LEAD = (
    "Here each model is trained on samples of the one before it. Hallucinations of one model become data of the next, "
    "unless a filter removes them: each arm is another filter, such as one by the variance of the trajectory."
)

CURVES = {
    "hallucination_rate": (
        "Hallucination rate",
        "Share of the unfiltered samples of each generation that are hallucinations.",
    ),
    "fid_lenet": (
        "Distance from the data",
        "Frechet distance of the samples of each generation from the data; smaller is better.",
    ),
    "mode_weight_tv": (
        "Weights of the modes",
        "How far the shares of the modes have moved from those of the data (total variation).",
    ),
}

FIGURES = {
    "modes": (
        "Modes",
        "How well the modes of the data are preserved: their weights, the smallest weight, and their width.",
    ),
    "mode_weights": ("Weights of single modes", "Share of each mode in each generation."),
    "distance": ("Distance from the data", "Distance of the samples of each generation."),
    "others": ("Other metrics", "All other metrics of the data, and those of your own."),
    "filters": ("What the filters do", "Recall and precision on hallucinations, and what they cost."),
}
NUM_COLOURS = 6


def is_recursion(path: Path) -> bool:
    """Whether a directory belongs to a recursion."""
    return (path / MARKER).is_file()


def report_of_recursion(path: Path) -> Report:
    """The results of a recursion.

    Args:
        path: Its directory.

    Raises:
        ConfigurationError: If it is not finished.
    """
    if not (path / GENERATIONS).is_file() or not (path / TABLE).is_file():
        raise ConfigurationError(
            f"report: expected a finished recursion with {GENERATIONS} and {TABLE}, found none in {path}; the same "
            "recurse command resumes it"
        )
    rows: list[Row] = json.loads((path / GENERATIONS).read_text())
    said: Mapping[str, Any] = json.loads((path / MARKER).read_text())
    return Report(
        f"{said['experiment']}, trained on its own samples",
        "A recursion",
        [HALLUCINATION, VARIANCE, LEAD],
        list(_tiles(rows)),
        [
            Section("Over the generations", ["Touch a curve to read it."], list(_curves(rows))),
            *_pictures(path),
            Section("All numbers", [], [_table((path / TABLE).read_text())]),
            _settings(said),
        ],
    )


def _curves(rows: Sequence[Row]) -> Iterator[Chart]:
    for name, (title, caption) in CURVES.items():
        lines = [_line(arm, list(of_arm), name, number) for number, (arm, of_arm) in enumerate(_by_arm(rows))]
        values = [
            end
            for line in lines
            for point, ends in zip(line.points, line.band, strict=True)
            for end in (point.y, *ends)
        ]
        if any(math.isfinite(value) for value in values):
            numbers = [point.x for line in lines for point in line.points]
            interval = " The band is the 95 % interval of one seed, or from the lowest to the highest of several."
            yield Chart(
                title, caption + interval, Axis.around("generation", numbers), Axis.around(title.lower(), values), lines
            )


def _tiles(rows: Sequence[Row]) -> Iterator[Tile]:
    """The rate of hallucinations at the end of each arm."""
    for arm, of_arm in _by_arm(rows):
        runs = list(of_arm)
        points, num_seeds = _line(arm, runs, "hallucination_rate", 0).points, len({row["seed"] for row in runs})
        if len(points) > 1:
            first, last = points[0], points[-1]
            label = f"hallucinations in generation {last.x:g} of arm {arm}"
            mean = f"; means of {num_seeds} seeds" if num_seeds > 1 else ""
            yield Tile(f"{100 * last.y:.3g} %", label, f"{100 * first.y:.3g} % in generation {first.x:g}{mean}")


def _by_arm(rows: Sequence[Row]) -> Iterator[tuple[str, Iterator[Row]]]:
    order = list(dict.fromkeys(row["arm"] for row in rows))
    return groupby(sorted(rows, key=lambda row: order.index(row["arm"])), lambda row: str(row["arm"]))


def _line(arm: str, rows: Sequence[Row], name: str, number: int) -> Line:
    mark, points, band = f"line-{number % NUM_COLOURS}", [], []
    for generation in sorted({row["generation"] for row in rows}):
        seeds = [row["metrics"] for row in rows if row["generation"] == generation]
        values = [float(each[name]) for each in seeds if each.get(name) is not None]
        if not values:
            continue
        mean, ends = sum(values) / len(values), _ends(seeds, values, name)
        said = f" [{short(ends[0])}, {short(ends[1])}]" if all(map(math.isfinite, ends)) else ""
        points.append(Point(generation, mean, f"{arm}, generation {generation}: {short(mean)}{said}", mark))
        band.append(ends)
    return Line(arm, points, mark, band)


def _ends(seeds: Sequence[Mapping[str, Any]], values: Sequence[float], name: str) -> tuple[float, float]:
    if len(values) > 1:
        return min(values), max(values)
    low, high = (seeds[0].get(f"{name}_{end}") for end in ("low", "high"))
    return math.nan if low is None else float(low), math.nan if high is None else float(high)


def _pictures(path: Path) -> Iterator[Section]:
    files = {file.stem: file for file in sorted((path / "figures").glob("*.png"))}
    samples = [name for name in files if name.startswith("samples_")]
    if samples:
        arms = [name.removeprefix("samples_") for name in samples]
        shown = [
            Picture.of(
                files[name], f"Arm {arm}", "Samples of each generation, before its filter; hallucinations are marked."
            )
            for name, arm in zip(samples, arms, strict=True)
        ]
        yield Section("Samples of each generation", ["Of the first seed."], shown)
    others = [name for name in FIGURES if name in files]
    if others:
        yield Section("Figures", [], [Picture.of(files[name], *FIGURES[name]) for name in others])


def _table(text: str) -> Table:
    """Parse the table that `recurse` has written."""
    header, _, *rows = ([cell.strip() for cell in line.strip("| ").split("|")] for line in text.strip().splitlines())
    return Table(header, rows, "Every number of every arm, by generation", is_folded=True)


def _settings(said: Mapping[str, Any]) -> Section:
    plain = {name: value for name, value in said.items() if name not in ("arms", "experiment_says")}
    return Section(
        "What was run",
        [],
        [
            Table(
                ["arm", "what its next generation is trained on"],
                [[name, _arm(arm)] for name, arm in said["arms"].items()],
            ),
            Table(["setting", "value"], [[name, described(value)] for name, value in plain.items()]),
            Folded("The experiment", json.dumps(said.get("experiment_says", {}), indent=1)),
        ],
    )


def _arm(arm: Mapping[str, Any]) -> str:
    others = {name: value for name, value in arm.items() if name not in ("filter", "arguments") and value}
    return described({"class_path": arm["filter"], "init_args": {**(arm.get("arguments") or {}), **others}})
