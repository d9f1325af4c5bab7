"""The report of a run."""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lightning_modeinterp.configuration.loaded_run import COMMANDS, load_run
from lightning_modeinterp.configuration.saved_config import read_config
from lightning_modeinterp.reports.chart import short
from lightning_modeinterp.reports.content import Report, Section, Table, Tile
from lightning_modeinterp.reports.curves import curves
from lightning_modeinterp.reports.figures import figures
from lightning_modeinterp.reports.gallery import gallery
from lightning_modeinterp.reports.headline import Headline, Number, headlines
from lightning_modeinterp.reports.samples import samples_of
from lightning_modeinterp.reports.settings import settings
from lightning_modeinterp.reports.words import HALLUCINATION, VARIANCE

METRICS = "test_metrics.json"


def is_run(path: Path) -> bool:
    """Whether a directory belongs to a run."""
    return any((path / f"config_{command}.yaml").is_file() for command in COMMANDS)


def report_of_run(path: Path, num_samples: int | None = None) -> Report:
    """The results of a run.

    Args:
        path: Its directory.
        num_samples: Number of samples in the gallery, see `samples_of`. With 0, no model is loaded.

    Raises:
        ConfigurationError: If samples are requested and there is no checkpoint to draw them from.
    """
    command = next(each for each in COMMANDS if (path / f"config_{each}.yaml").is_file())
    config = read_config(path / f"config_{command}.yaml")
    metrics: dict[str, Number] = json.loads((path / METRICS).read_text()) if (path / METRICS).is_file() else {}
    run = config.get("run") or {}
    name = f"{run.get('experiment', path.parent.name)} / {run.get('name', path.name)}"
    sections = [*_samples(path, config, num_samples), *figures(path), *_training(path), *_numbers(metrics)]
    return Report(
        name,
        "Hallucinations of one diffusion model",
        [HALLUCINATION, VARIANCE, _what_is_there(metrics)],
        [tile(each) for each in headlines(metrics) if each.key in PLAIN or is_removed(each)],
        [*sections, settings(path, command, config)],
    )


def _what_is_there(metrics: Mapping[str, Number]) -> str:
    if not metrics:
        return "This model has not been tested yet (modeinterp test), so numbers and figures are missing."
    if "hallucination_rate" not in metrics:
        return (
            "For these data there is no rule for which samples are hallucinations, so none is counted; the page shows "
            "which ones the detector finds suspicious."
        )
    return ""


def _samples(path: Path, config: Mapping[str, Any], num_samples: int | None) -> Iterator[Section]:
    if num_samples == 0:
        return
    run = load_run(path)
    shown = samples_of(run, config, num_samples)
    if shown is not None:
        yield gallery(shown, run.data)


def _training(path: Path) -> Iterator[Section]:
    charts = curves(path)
    if charts:
        yield Section("Training", ["Touch a curve to read it."], charts)


def _numbers(metrics: Mapping[str, Number]) -> Iterator[Section]:
    """All numbers, folded, with their intervals."""
    names = [name for name in metrics if not (name.endswith(("_low", "_high")) and name.rpartition("_")[0] in metrics)]
    if names:
        rows = [[name, _number(metrics[name]), _ends(metrics, name)] for name in names]
        table = Table(["name", "value", "95 % interval"], rows, f"All {len(rows)} numbers of the test", is_folded=True)
        yield Section("Numbers", ['The page "What is logged" of the documentation explains each name.'], [table])


def _ends(metrics: Mapping[str, Number], name: str) -> str:
    if f"{name}_low" not in metrics:
        return ""
    return f"[{_number(metrics[f'{name}_low'])}, {_number(metrics[f'{name}_high'])}]"


def _number(value: Number) -> str:
    return "not measurable" if value is None or math.isnan(value) else short(value)


PLAIN = {
    "hallucination_rate": "of the samples are hallucinations",
    "detection/retained": "of the good samples are kept by that threshold",
    "detection/auroc": "is the AUROC of the variance: 0.5 is chance, 1 finds every hallucination",
    "diverged_rate": "of the samples diverged, and are in no other number",
    "mode_coverage": "of the modes of the data are covered",
}
"""Labels of the numbers that are shown first, without jargon."""


def is_removed(found: Headline) -> bool:
    """Whether it is the share of hallucinations that the detector flags, at any share of the others kept."""
    return found.key.startswith("detection/removed_at_")


def tile(found: Headline) -> Tile:
    """A tile of an important number, without jargon."""
    label = PLAIN.get(found.key) or f"of the hallucinations are flagged, {found.label.removeprefix('removed ')}"

    def said(value: Number) -> str:
        if value is None or math.isnan(value):
            return "?"
        return f"{value:.3f}" if found.key == "detection/auroc" else f"{100 * value:.3g} %"

    ends = f"95 % interval {said(found.ends[0])} to {said(found.ends[1])}" if found.ends else ""
    count = f"of {found.count:,} {found.of}" if found.count is not None else ""
    number = "not measurable" if found.value is None else said(found.value)
    return Tile(number, label, "; ".join(filter(None, (count, ends))))
