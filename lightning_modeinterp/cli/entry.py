"""Where ``modeinterp`` begins: what needs little is said at once, and the rest is imported when it is needed.

Importing torch and Lightning takes seconds.
"""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lightning_modeinterp import __version__
from lightning_modeinterp.cli.help import help_for
from lightning_modeinterp.cli.printing import ended_where_nobody_reads
from lightning_modeinterp.errors import ConfigurationError

if TYPE_CHECKING:
    from lightning_modeinterp.cli.command_line import ModeInterpCLI


def main(args: Sequence[str] | None = None) -> None:
    """Run ``modeinterp``, see `lightning_modeinterp.cli.run.main`.

    Args:
        args: Arguments of the command line; those of the process if None.
    """
    given = sys.argv[1:] if args is None else args
    with ended_where_nobody_reads():
        if (answer := answer_at_once(given)) is not None:
            print(answer, end="")
            raise SystemExit
        if list(given[:1]) == ["configs"]:
            _list_configs(given[1:])
            return
        from lightning_modeinterp.cli import run

        run.main(args)


def run_command(args: Sequence[str] | None = None) -> "ModeInterpCLI":
    """Run fit, validate, test or predict, see `lightning_modeinterp.cli.run.run_command`."""
    from lightning_modeinterp.cli import run

    return run.run_command(args)


def _list_configs(args: Sequence[str]) -> None:
    from lightning_modeinterp.cli import configs

    try:
        configs.main(args)
    except ConfigurationError as error:
        if os.environ.get("MODEINTERP_DEBUG") == "1":
            raise
        print(f"modeinterp: {error}", file=sys.stderr)
        raise SystemExit(2) from None


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
