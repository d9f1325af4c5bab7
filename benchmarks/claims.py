"""Take verdicts, table and figures of a reproduction into the docs.

    python benchmarks/claims.py runs/reproduce/cpu

Each claim that it holds takes the place of what docs/results/claims held of it, so claims may come from several
machines; the table of docs/results/claims.md and the short one of the README are filled in, and docs/results/figures.md
is written anew. The words of the first page are for people to write.
"""

import argparse
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import paper_figures
from report import with_tables

from lightning_modeinterp.reproduction import report

PAGES = Path("docs/results/claims.md"), Path("README.md")
RESULTS = Path("docs/results/claims")
VERDICTS = ("fails", "undecided", "holds")
"""The least favourable first."""


def take(reproduction: Path, results: Path) -> None:
    """Copy what a reproduction found; its runs stay, and so do the results of other claims."""
    found = report.read(reproduction)
    for name in found:
        if not re.fullmatch(r"[a-z0-9-]+", name):  # another machine wrote it, and what has the name is replaced
            raise SystemExit(f"{reproduction}: expected names of claims such as true-score, got {name!r}")
    for name in found:
        shutil.rmtree(results / name, ignore_errors=True)
        shutil.copytree(reproduction / name, results / name)
    report.add(results, found)


def summary(records: Mapping[str, Mapping[str, Any]]) -> str:
    """One line per claim, with its least favourable finding."""
    lines = ["| the paper says | least favourable finding | verdict |", "| --- | --- | --- |"]
    for each in records.values():
        worst = min(each["findings"], key=lambda found: VERDICTS.index(found["verdict"]))
        measured = f"{worst['question']}: {report.interval(worst)}, claimed {worst['claimed']} {worst['bound']:g}"
        num_held = sum(found["verdict"] == "holds" for found in each["findings"])
        of_all = f" ({num_held} of {len(each['findings'])} hold)" if worst["verdict"] != "holds" else ""
        lines.append(f"| {each['sentence']} | {measured} | **{worst['verdict']}**{of_all} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reproduction", type=Path, help="directory of `modeinterp reproduce`")
    take(parser.parse_args().reproduction, RESULTS)
    (RESULTS / "short.md").write_text(summary(report.read(RESULTS)))
    for page in PAGES:
        page.write_text(with_tables(page.read_text(), RESULTS))
    paper_figures.write()
