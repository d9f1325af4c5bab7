"""Where ``modeinterp`` begins: help and the version are said at once, and the rest is imported when it is needed.

Importing torch and Lightning takes seconds.
"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lightning_modeinterp import __version__
from lightning_modeinterp.cli.help import help_for

if TYPE_CHECKING:
    from lightning_modeinterp.cli.command_line import ModeInterpCLI


def main(args: Sequence[str] | None = None) -> None:
    """Run ``modeinterp``, see `lightning_modeinterp.cli.run.main`.

    Args:
        args: Arguments of the command line; those of the process if None.
    """
    if (answer := answer_at_once(sys.argv[1:] if args is None else args)) is not None:
        print(answer, end="")
        raise SystemExit
    from lightning_modeinterp.cli import run

    run.main(args)


def run_command(args: Sequence[str] | None = None) -> "ModeInterpCLI":
    """Run fit, validate, test or predict, see `lightning_modeinterp.cli.run.run_command`."""
    from lightning_modeinterp.cli import run

    return run.run_command(args)


def answer_at_once(args: Sequence[str]) -> str | None:
    """What needs no more than these arguments; None where they ask for more.

    Example:
        >>> print(answer_at_once(["fit", "--help"]).splitlines()[0])
        usage: modeinterp fit -c CONFIG [--OPTION VALUE ...]
        >>> answer_at_once(["fit", "-c", "mine.yaml"])
    """
    if list(args[:1]) == ["reproduce"]:
        return None  # it has a parser of its own
    return f"modeinterp {__version__}\n" if list(args) == ["--version"] else help_for(args)
