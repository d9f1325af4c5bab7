"""Results of claims as JSON, table and figures, in one directory that later claims are added to."""

import json
import math
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from filelock import FileLock

from lightning_modeinterp.figures import EstimateRow, estimates, save_figure
from lightning_modeinterp.files import write_aside
from lightning_modeinterp.reproduction.claim import Claim
from lightning_modeinterp.reproduction.findings import Finding
from lightning_modeinterp.reproduction.preset import Preset

VERDICTS, TABLE = "verdicts.json", "table.md"
LOCK = ".verdicts.lock"
NO_VERDICT = "none (smoke)"


def record(
    claim: Claim, findings: list[Finding], preset: Preset, figures: list[str], core_minutes: float
) -> dict[str, Any]:
    """The record of a claim as plain data; the minutes include commands that it shares with other claims."""
    return {
        "sentence": claim.sentence,
        "figures of the paper": list(claim.figures),
        "rule": claim.rule,
        "preset": preset.name,
        "options": list(preset.options),
        "seeds": list(range(num_seeds(findings))),
        "date": date.today().isoformat(),
        "core_minutes": _finite(round(core_minutes, 3)),
        "figures": figures,
        "findings": [_plain(finding, preset) for finding in findings],
    }


def add(out: Path, records: Mapping[str, Mapping[str, Any]]) -> None:
    """Add records to both files; those of other claims are kept, also if another process adds them meanwhile."""
    with FileLock(out / LOCK):
        known = {**read(out), **records}
        write_aside(out / VERDICTS, json.dumps(known, indent=1).encode())
        write_aside(out / TABLE, table(known).encode())


def read(out: Path) -> dict[str, dict[str, Any]]:
    """Read the records of earlier runs."""
    found: dict[str, dict[str, Any]] = json.loads((out / VERDICTS).read_text()) if (out / VERDICTS).is_file() else {}
    return found


def table(records: Mapping[str, Mapping[str, Any]]) -> str:
    """One line per finding."""
    lines = [
        "| claim | figure | measured | claimed | mean over seeds [95 %] | each seed | verdict |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, each in records.items():
        for found in each["findings"]:
            cells = [
                name,
                ", ".join(each["figures of the paper"]),
                found["question"],
                f"{found['claimed']} {found['bound']:g}",
                interval(found),
                ", ".join(map(number, found["seeds"])),
                f"**{found['verdict']}**",
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def overview(claim: Claim, findings: list[Finding], preset: Preset, path: Path) -> Path:
    """Draw all findings of a claim."""
    rows = [
        EstimateRow(
            each.question,
            each.values,
            each.estimate.mean,
            each.estimate.low,
            each.estimate.high,
            each.side,
            each.bound,
            verdict_of(each, preset),
            each.is_ratio,
        )
        for each in findings
    ]
    return save_figure(estimates(rows, f"{claim.name} (preset {preset.name}, seeds: {num_seeds(findings)})"), path)


def num_seeds(findings: list[Finding]) -> int:
    """Number of seeds that a claim was tested on."""
    return max((len(each.values) for each in findings), default=0)


def verdict_of(finding: Finding, preset: Preset) -> str:
    """The verdict, if the preset is large enough for one."""
    return finding.verdict if preset.gives_verdicts else NO_VERDICT


def _plain(finding: Finding, preset: Preset) -> dict[str, Any]:
    found = finding.estimate
    return {
        "question": finding.question,
        "claimed": finding.side,
        "bound": finding.bound,
        "mean": _finite(found.mean),
        "low": _finite(found.low),
        "high": _finite(found.high),
        "seeds": [_finite(value) for value in finding.values],
        "is_ratio": finding.is_ratio,
        "num_variants": finding.num_variants,
        "facts": dict(finding.facts),
        "verdict": verdict_of(finding, preset),
    }


def _finite(value: float) -> float | None:
    """None for nan, which JSON does not have."""
    return value if math.isfinite(value) else None


def interval(found: Mapping[str, Any]) -> str:
    """A finding's mean over seeds, with its interval in brackets."""
    ends = "" if found["low"] is None else f" [{number(found['low'])}, {number(found['high'])}]"
    return number(found["mean"]) + ends


def number(value: float | None) -> str:
    """A number of a finding."""
    return "n/a" if value is None else f"{value:.3g}"
