"""Metrics over generations in W&B: one run per arm and seed, in the group of the recursion."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from lightning_modeinterp.loggers import SteadyWandbLogger
from lightning_modeinterp.loggers.placement import place_loggers
from lightning_modeinterp.run_directory import RunDirectory

CHARTS, COMMAND, AXIS = "charts", "recurse", "generation"

Row = Mapping[str, Any]


def log_charts(rows: Sequence[Row], logger: str | Path, out: Path) -> int:
    """Log the metrics of each generation to the W&B loggers of a config.

    Args:
        rows: The metrics, ordered by arm, seed and generation.
        logger: Config with ``trainer.logger``.
        out: Directory of the recursion.

    Returns:
        Number of W&B runs.
    """
    number = 0
    for (arm, seed), generations in groupby(rows, lambda row: (row["arm"], row["seed"])):
        run = RunDirectory(out.name, f"{arm}_{seed}", out / CHARTS)
        chain = list(generations)
        for each in _wandb_loggers(Path(logger), run):
            each.experiment.define_metric("*", step_metric=AXIS)
            for row in chain:
                each.send(_numbers(row))
            each.finish()
            number += 1
    return number


def _wandb_loggers(config: Path, run: RunDirectory) -> Iterator[SteadyWandbLogger]:
    given = ((yaml.safe_load(config.read_text()) or {}).get("trainer") or {}).get("logger")
    for entry in given if isinstance(given, list) else [given]:
        if isinstance(entry, Mapping) and str(entry.get("class_path")).endswith("WandbLogger"):
            placed = place_loggers(dict(entry), run, COMMAND)
            run.path.mkdir(parents=True, exist_ok=True)
            yield SteadyWandbLogger(**placed.init_args.as_dict())


def _numbers(row: Row) -> dict[str, float]:
    """Metrics of a generation by name; those of its filter under ``filter/``."""
    kept = {f"filter/{name}": value for name, value in (row["kept"] or {}).items() if isinstance(value, int | float)}
    known = {name: value for name, value in row["metrics"].items() if value is not None}
    return {AXIS: row["generation"], **known, **kept}
