"""Run a recursion, and write the metrics of each generation.

OUT/recursion.json       the settings of the recursion
OUT/runs/                the cached commands, each of which can be repeated by hand
OUT/table.md             the metrics so far, written again after each generation
OUT/generations.json     all metrics, written at the end, with figures/
"""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from threading import Lock
from typing import Any

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.files import write_aside
from lightning_modeinterp.filters.kept_samples import read_kept
from lightning_modeinterp.fingerprints import differences
from lightning_modeinterp.recursion.charts import log_charts
from lightning_modeinterp.recursion.recursion import Generation, Recursion
from lightning_modeinterp.runs import CachedRuns, How, content_of, metrics_of
from lightning_modeinterp.runs.how import PLAIN
from lightning_modeinterp.runs.progress import Progress
from lightning_modeinterp.runs.steps import path_of

MARKER, RUNS, GENERATIONS, TABLE = "recursion.json", "runs", "generations.json", "table.md"


def recurse(
    recursion: Recursion,
    out: str | Path,
    jobs: int,
    say: Callable[[str], None] = print,
    how: How = PLAIN,
    show: Callable[[list[dict[str, Any]]], object] = lambda rows: None,
) -> list[dict[str, Any]]:
    """Run all arms and seeds, and measure.

    Args:
        recursion: The recursion.
        out: Output directory; an interrupted recursion with the same settings is resumed.
        jobs: Commands to run in parallel, >= 1.
        say: Prints progress messages.
        how: Launcher and loggers of the commands; a W&B logger also gets the metrics over generations.
        show: Called after each new generation with the rows so far; those of later generations have no metrics.

    Returns:
        One row per arm, seed and generation: ``arm``, ``seed``, ``generation``, ``metrics`` of its unfiltered
        samples, and ``kept``, the manifest of the kept samples without hashes and paths.

    Raises:
        ConfigurationError: If the directory belongs to something else, or there are no jobs.
        RunFailedError: If a command ends with an error; finished commands stay cached.
    """
    if jobs < 1:
        raise ConfigurationError(f"--jobs: expected at least 1, got {jobs}")
    out = Path(out)
    claim_directory(out, recursion)
    progress = Progress(say)
    runs = CachedRuns(out / RUNS, progress.begun, progress.ended, how)
    chains = {(arm, seed): recursion.chain(arm, seed) for seed in recursion.seeds for arm in recursion.arms}
    progress.expect(_commands_left(recursion, runs, chains))
    one_at_a_time = Lock()

    def show_so_far() -> None:
        with one_at_a_time:
            show(rows_so_far(recursion, runs))

    with ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(_run, recursion, runs, chain, show_so_far) for chain in chains.values()]
        try:
            for future in futures:
                future.result()
        except BaseException:  # a command failed, or the user stops us
            pool.shutdown(wait=False, cancel_futures=True)
            runs.stop()
            raise
    rows = rows_of(recursion, runs)
    measured, file = json.dumps(rows, indent=1).encode(), out / GENERATIONS
    if not file.is_file() or file.read_bytes() != measured:
        if how.logger is not None:
            log_charts(rows, how.logger, out)
        write_aside(file, measured)
    return rows


def rows_of(recursion: Recursion, runs: CachedRuns) -> list[dict[str, Any]]:
    """What `recurse` returns, from its cached runs; missing ones are run first.

    Raises:
        RunFailedError: If a command ends with an error.
    """
    return _rows(recursion, lambda generation: _row(recursion, runs, generation))


def rows_so_far(recursion: Recursion, runs: CachedRuns) -> list[dict[str, Any]]:
    """The same without running anything: generations that are not measured yet have no metrics."""

    def row(generation: Generation) -> dict[str, Any]:
        if not runs.has_tested(recursion.measured(generation.fit)):
            return {"generation": generation.number, "metrics": {}, "kept": None}
        keep = generation.keep if generation.keep and runs.has_kept(generation.keep) else None
        return _row(recursion, runs, replace(generation, keep=keep))

    return _rows(recursion, row)


def _rows(recursion: Recursion, row: Callable[[Generation], dict[str, Any]]) -> list[dict[str, Any]]:
    rows = [
        {"arm": arm, "seed": seed, **row(generation)}
        for seed in recursion.seeds
        for arm in recursion.arms
        for generation in recursion.chain(arm, seed)
    ]
    _fill_modes(rows)
    return rows


def claim_directory(out: str | Path, recursion: Recursion) -> None:
    """Create the directory, or check that it belongs to the same recursion.

    Raises:
        ConfigurationError: If it belongs to something else.
    """
    ours, out = described(recursion), Path(out)
    marker = out / MARKER
    if not marker.is_file():
        if out.is_file() or (out.is_dir() and any(out.iterdir())):
            raise ConfigurationError(
                f"{out}: expected an empty directory or an earlier recursion; choose another --out"
            )
        out.mkdir(parents=True, exist_ok=True)
        write_aside(marker, json.dumps(ours, indent=1).encode())
    if found := differences(json.loads(marker.read_text()), ours):
        raise ConfigurationError(
            f"{out}: expected the settings it was started with; {'; '.join(found)}; choose another --out"
        )


def described(recursion: Recursion) -> dict[str, Any]:
    """A recursion as plain data, with the content of its experiment config."""
    settings = json.loads(json.dumps(asdict(recursion)))
    first = recursion.chain(next(iter(recursion.arms)), recursion.seeds[0])[0].fit
    return {**settings, "experiment_says": json.loads(content_of(path_of(first.config)))}


def _run(recursion: Recursion, runs: CachedRuns, chain: list[Generation], then: Callable[[], None]) -> None:
    for generation in chain:
        is_new = not runs.has_tested(recursion.measured(generation.fit))
        runs.checkpoint(generation.fit)
        runs.tested(recursion.measured(generation.fit))
        if generation.keep is not None:
            runs.kept(generation.keep)
        if is_new:
            then()


def _commands_left(
    recursion: Recursion, runs: CachedRuns, chains: Mapping[tuple[str, int], list[Generation]]
) -> dict[str, int]:
    every = [generation for chain in chains.values() for generation in chain]
    fits = {each.fit.key: each.fit for each in every}
    keeps = {each.keep.key: each.keep for each in every if each.keep}
    draws = {each.draw.key("predict"): each.draw for each in keeps.values()}
    return {
        "fit": sum(not runs.has_fit(fit) for fit in fits.values()),
        "test": sum(not runs.has_tested(recursion.measured(fit)) for fit in fits.values()),
        "predict": sum(not runs.has_samples(draw) for draw in draws.values()),
        "keep": sum(not runs.has_kept(keep) for keep in keeps.values()),
    }


def _row(recursion: Recursion, runs: CachedRuns, generation: Generation) -> dict[str, Any]:
    metrics = metrics_of(runs.tested(recursion.measured(generation.fit)))
    kept = None if generation.keep is None else read_kept(runs.kept(generation.keep))
    facts = None if kept is None else {name: kept[name] for name in kept if name in FACTS}
    numbers = {name: value if value == value else None for name, value in metrics.items()}  # JSON knows no nan
    return {"generation": generation.number, "metrics": numbers, "kept": facts}


def _fill_modes(rows: list[dict[str, Any]]) -> None:
    """Add a count of 0 for modes that only other generations have."""
    kept = [row["kept"] for row in rows if row["kept"] and "modes" in row["kept"]]
    every = sorted({mode for facts in kept for mode in facts["modes"]}, key=int)
    for facts in kept:
        for name in ("modes", "kept_modes"):
            facts[name] = {mode: facts[name].get(mode, 0) for mode in every}


FACTS = ("num_drawn", "num_diverged", "num_kept", "precision", "recall", "kinds", "kept_kinds", "modes", "kept_modes")
