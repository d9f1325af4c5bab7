"""``modeinterp recurse``: models trained on their own output."""

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from jsonargparse import ArgumentError, ArgumentParser

from lightning_modeinterp.cli.arguments import HelpFormatter
from lightning_modeinterp.cli.recursion_checks import check_recursion
from lightning_modeinterp.cli.stopping import stopped_by_signals
from lightning_modeinterp.configuration import config_path, with_shipped_paths
from lightning_modeinterp.configuration.parser_errors import one_line
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.recursion import Recursion, recurse
from lightning_modeinterp.recursion.load import recursion_parser
from lightning_modeinterp.recursion.recurse import RUNS
from lightning_modeinterp.recursion.report import write_report, write_table
from lightning_modeinterp.runs import CachedRuns, How, RunFailedError

DESCRIPTION = r"""
Train a model, draw samples from it, filter them, train the next model on those kept, and so on. Every generation is
measured.

  modeinterp recurse -c recursion/gaussian_2d_grid --out runs/recursion/grid --jobs 2

Every step is an ordinary command whose result is cached. Repeat the command to resume an interrupted recursion.
"""


def main(args: Sequence[str]) -> None:
    """Run the command.

    Args:
        args: What follows ``recurse``.

    Raises:
        ConfigurationError: If an option does not fit, or the directory holds something else.
        SystemExit: With status 1 if a run failed.
    """
    made = parser()
    try:
        given = made.parse_args(with_shipped_paths(args))
        recursion: Recursion = made.instantiate(given).recursion
    except ArgumentError as error:
        line = one_line(str(error), [option for each in made._actions for option in each.option_strings])
        raise ConfigurationError(f"recurse: {line}; see modeinterp recurse --help") from error
    check_recursion(recursion)
    out = Path(given.out)
    logger = None if given.logger is None else config_path(given.logger, "--logger")
    how = How(shlex.split(given.launcher), logger, logger and os.environ.get("WANDB_RUN_GROUP", out.name))
    runs = CachedRuns(out / RUNS, how=how)
    try:
        with stopped_by_signals("recurse"):
            rows = recurse(
                recursion, out, given.jobs, how=how, show=lambda rows: write_table(recursion, rows, runs, out)
            )
            written = write_report(recursion, rows, runs, out)
    except RunFailedError as error:
        print(f"modeinterp: recurse: {error}; fix it, then the same command resumes", file=sys.stderr)
        raise SystemExit(1) from None
    for path in written:
        print(f"recurse wrote {path}")


def parser() -> ArgumentParser:
    """The parser of the command."""
    made = recursion_parser("modeinterp recurse", DESCRIPTION)
    made.formatter_class = HelpFormatter
    made.add_argument("--out", type=str, default="runs/recursion", help="output directory")
    made.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="commands to run in parallel; one per core by default"
    )
    made.add_argument(
        "--launcher",
        type=str,
        default="",
        help='launcher of fit, test and predict, such as "torchrun --nproc_per_node=2"',
    )
    made.add_argument("--logger", type=str, help="config of the loggers of every fit, such as logger/wandb")
    return made
