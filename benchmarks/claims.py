"""Take verdicts, table and figures of a reproduction into the docs.

    python benchmarks/claims.py runs/reproduce/cpu

Each claim that it holds takes the place of what docs/results/claims held of it, so claims may come from several
machines; the table of docs/results/claims.md is filled in. The words of that page are for people to write.
"""

import argparse
import re
import shutil
from pathlib import Path

from report import with_tables

from lightning_modeinterp.reproduction import report

PAGE = Path("docs/results/claims.md")
RESULTS = Path("docs/results/claims")


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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reproduction", type=Path, help="directory of `modeinterp reproduce`")
    take(parser.parse_args().reproduction, RESULTS)
    PAGE.write_text(with_tables(PAGE.read_text(), RESULTS))
