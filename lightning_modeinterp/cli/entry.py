"""Entry point of ``modeinterp``. Help and lists are printed at once; the rest is imported when it is needed.

Importing torch and Lightning takes seconds.
"""

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lightning_modeinterp import __version__
from lightning_modeinterp.cli.help import help_for, refuse_unknown
from lightning_modeinterp.cli.others_warnings import hide_others_warnings
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
    hide_others_warnings("fit" in given[:1])
    with ended_where_nobody_reads():
        _in_one_line(refuse_unknown, given)
        if (answer := answer_at_once(given)) is not None:
            print(answer, end="")
            raise SystemExit
        if list(given[:1]) == ["configs"]:
            _in_one_line(_list_configs, given[1:])
            return
        from lightning_modeinterp.cli import run

        run.main(args)


def run_command(args: Sequence[str] | None = None) -> "ModeInterpCLI":
    """Run fit, validate, test or predict, see `lightning_modeinterp.cli.run.run_command`."""
    given = sys.argv[1:] if args is None else args
    hide_others_warnings("fit" in given[:1])
    from lightning_modeinterp.cli import run

    return run.run_command(args)


def _list_configs(args: Sequence[str]) -> None:
    from lightning_modeinterp.cli import configs

    configs.main(args)


def _in_one_line(does: Callable[[Sequence[str]], None], args: Sequence[str]) -> None:
    try:
        does(args)
    except ConfigurationError as error:
        if os.environ.get("MODEINTERP_DEBUG") == "1":
            raise
        print(f"modeinterp: {error}", file=sys.stderr)
        raise SystemExit(2) from None


def answer_at_once(args: Sequence[str]) -> str | None:
    """The output that depends on these arguments alone, such as help; None if the command has to run.

    Example:
        >>> print(answer_at_once(["fit", "--help"]).splitlines()[0])
        usage: modeinterp fit -c CONFIG [--OPTION VALUE ...]
        >>> answer_at_once(["fit", "-c", "mine.yaml"])
    """
    return f"modeinterp {__version__}\n" if "--version" in args else help_for(args)
