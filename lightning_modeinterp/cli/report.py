"""``modeinterp report``: results as one HTML file."""

from collections.abc import Sequence
from pathlib import Path

from lightning_modeinterp.cli.one_line_parser import OneLineParser
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.reports import write_report
from lightning_modeinterp.reports.samples import NUM_IMAGES, NUM_SAMPLES

DESCRIPTION = """\
Write the results of a run, a recursion or a reproduction as one HTML file: numbers, figures, curves and settings. For a
run it also shows samples, each with its variance and its verdict. The file needs no network and can be shared.

The samples are those of predict: read from RUN_DIR/predictions if it is there, else drawn for the report.

  modeinterp report runs/gaussian_1d/seed_0
  modeinterp report runs/recursion/grid --out grid.html
"""


def main(args: Sequence[str]) -> None:
    """Run the command.

    Args:
        args: What follows ``report``.

    Raises:
        ConfigurationError: If the directory or an option does not fit.
    """
    given = parser().parse_args(args)
    if given.num is not None and given.num < 0:
        raise ConfigurationError(f"report: expected --num of at least 0, got {given.num}")
    file = write_report(given.directory, given.out, given.num)
    print(f"report finished; open it in a browser: {file}")


def parser() -> OneLineParser:
    """The parser of the command."""
    made = OneLineParser("report", description=DESCRIPTION)
    made.add_argument("directory", type=Path, metavar="DIR", help="directory of a run, a recursion or a reproduction")
    made.add_argument("--out", type=Path, help="file to write; DIR/report.html by default")
    drawn = (
        f"samples of a run to show, at most those that predict has written, if any; {NUM_SAMPLES:,} by default, "
        f"{NUM_IMAGES} for images, 0 for none"
    )
    made.add_argument("--num", type=int, help=drawn)
    return made
