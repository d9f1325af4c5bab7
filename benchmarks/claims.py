"""Take verdicts, table and figures of a reproduction into the docs.

    python benchmarks/claims.py runs/reproduce/cpu

What it holds takes the place of what docs/results/claims held; the table of docs/results/claims.md is filled in. The
words of that page are for people to write.
"""

import argparse
import shutil
from pathlib import Path

from report import with_tables

PAGE = Path("docs/results/claims.md")
RESULTS = Path("docs/results/claims")


def take(reproduction: Path, results: Path) -> None:
    """Copy what a reproduction found; its runs stay."""
    shutil.rmtree(results, ignore_errors=True)
    shutil.copytree(reproduction, results, ignore=shutil.ignore_patterns("runs", "reproduction.json"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reproduction", type=Path, help="directory of `modeinterp reproduce`")
    take(parser.parse_args().reproduction, RESULTS)
    PAGE.write_text(with_tables(PAGE.read_text(), RESULTS))
