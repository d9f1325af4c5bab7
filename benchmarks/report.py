"""Put the measured tables into their pages, each between the two lines that name it; the README has a summary.

python benchmarks/report.py
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from interleaved import RESULTS, Spread, table

PAGES = [Path("docs/performance.md"), Path("docs/any_model.md"), Path("README.md")]
AUTHORS = "authors"
SHOWN = {  # of one thread, by the file of results
    "training": ["ours, time_table, fused"],
    "sampling_many": ["ours, fused"],
    "sampling": ["ours, fused", "ours, fused, from alpha_bar 1e-7"],
}


def with_tables(page: str, results: Path) -> str:
    """The page with every ``<!-- table: NAME -->`` block filled from NAME.md; one without a result stays."""

    def filled(match: re.Match[str]) -> str:
        file = results / f"{match['name']}.md"
        content = f"\n{file.read_text().strip()}\n\n" if file.is_file() else match["content"]
        return f"<!-- table: {match['name']} -->\n{content}<!-- end -->"

    return re.sub(r"<!-- table: (?P<name>\w+) -->\n(?P<content>.*?)<!-- end -->", filled, page, flags=re.DOTALL)


def summary(results: Path) -> str:
    """Speed and memory against the authors' code, in a few lines."""
    records = {name: json.loads((results / f"{name}.json").read_text()) for name in (*SHOWN, "memory")}
    body = [line for name, sides in SHOWN.items() for line in _speedups(name, records[name], sides)]
    largest = max(records["memory"]["rows"], key=lambda row: (row["samples"], row["steps"]))
    what = f"memory of sampling, N = {largest['samples']:,}, T = {largest['steps']:,}"
    theirs = f", theirs {largest[AUTHORS]:,.0f}" if largest.get(AUTHORS) else ""
    body.append([what, f"{largest['ours']:.0f} MiB{theirs}"])
    dates = ", ".join(sorted({each["date"] for each in records.values()}))
    machine = records["sampling"]["machine"]
    header = ["one thread, float32", "times the authors' speed, median [quartiles]"]
    return table(header, body) + f"\n{machine}; torch {records['sampling']['versions']['torch']}; {dates}.\n"


def _speedups(name: str, record: dict[str, Any], sides: list[str]) -> Iterator[list[str]]:
    rows = {row["side"]: row for row in record["rows"] if row["threads"] == 1}
    of = record["settings"]
    what = f"sampling, N = {of['samples']:,}" if "samples" in of else f"{name}, B = {of['batch size']:,}"
    if AUTHORS in rows:
        for side in sides:
            yield [f"{what}: {side.removeprefix('ours, ')}", str(Spread(**rows[side]["x_cpu"]))]


if __name__ == "__main__":
    (RESULTS / "summary.md").write_text(summary(RESULTS))
    for each in PAGES:
        each.write_text(with_tables(each.read_text(), RESULTS))
