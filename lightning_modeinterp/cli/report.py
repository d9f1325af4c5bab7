"""``modeinterp report``: one HTML file that shows what was found."""

from collections.abc import Sequence
from pathlib import Path

from lightning_modeinterp.cli.arguments import OneLineParser
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.reports import write_report
from lightning_modeinterp.reports.samples import NUM_IMAGES, NUM_SAMPLES

DESCRIPTION = """\
Write what a run, a recursion or a reproduction has found as one HTML file: numbers, figures, curves, settings, and of a
run samples to look at, each with its variance and its verdict. The file needs no network and can be sent to anybody.

The samples are those of predict: from RUN_DIR/predictions where it has been run, else drawn for the page.

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
    made.add_argument("directory", type=Path, metavar="DIR", help="of a run, a recursion or a reproduction")
    made.add_argument("--out", type=Path, help="the file; DIR/report.html by default")
    drawn = f"samples of a run to look at; {NUM_SAMPLES:,} by default, of images {NUM_IMAGES}; 0 for none"
    made.add_argument("--num", type=int, help=drawn)
    return made
