"""``modeinterp reproduce``: the paper's claims, decided on this machine."""

import argparse
import difflib
import os
import signal
import sys
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import NoReturn

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.reproduction import CLAIMS, PRESETS, Claim, Preset, reproduce
from lightning_modeinterp.reproduction.report import TABLE, VERDICTS

DESCRIPTION = """\
Decide claims of the paper: train and draw what they need, measure, and say holds, fails or undecided.

A verdict follows from a rule that was written before the run (--list). Runs are kept, so a reproduction that was killed
goes on where it was when the same command is given, and claims share what they train. What follows "--" goes to every
fit, predict and test, and is part of what the runs are kept by.
"""

EXAMPLES = """\
examples:
  modeinterp reproduce --list
  modeinterp reproduce --preset smoke
  modeinterp reproduce nearest-modes true-score --preset cpu --jobs 2
  modeinterp reproduce detection-2d --preset cpu -- --trainer.accelerator=gpu --generation.block_size=4096
"""


END = "--"
"""After it come options of the commands that are run."""

STOPPED_BY = (signal.SIGTERM, signal.SIGINT)


class _Parser(argparse.ArgumentParser):
    """Says in one line what was wrong."""

    def error(self, message: str) -> NoReturn:
        raise ConfigurationError(f"reproduce: {message}; see modeinterp reproduce --help")


@dataclass(frozen=True)
class Request:
    """What is asked for, see `lightning_modeinterp.reproduction.reproduce`."""

    claims: tuple[Claim, ...]
    preset: Preset
    out: Path
    jobs: int
    is_listing: bool


def main(args: Sequence[str]) -> None:
    """Run the command.

    Args:
        args: What follows ``reproduce``.

    Raises:
        ConfigurationError: If a claim, preset or directory does not fit.
        SystemExit: With status 1 if a run failed.
    """
    asked = parse(args)
    if asked.is_listing:
        print(listing(asked.claims))
        return
    for number in STOPPED_BY:
        signal.signal(number, _stop)
    outcomes = reproduce(asked.claims, asked.preset, asked.out, asked.jobs, lambda line: print(line, flush=True))
    failed = [outcome.claim.name for outcome in outcomes if outcome.failure]
    if len(failed) < len(outcomes):
        print(f"\nreproduce finished; its output is in {asked.out}: {VERDICTS}, {TABLE}, and figures of each claim")
    if failed:
        undecided = f"{len(failed)} of {len(outcomes)} claims not decided, a run failed: {', '.join(failed)}"
        print(f"modeinterp: reproduce: {undecided}; the same command goes on", file=sys.stderr)
        raise SystemExit(1)


def parse(args: Sequence[str]) -> Request:
    """Read the arguments.

    Raises:
        ConfigurationError: If there is no such option, claim or preset.
    """
    own = list(args)[: args.index(END)] if END in args else list(args)
    given = _parser().parse_args(own)
    preset = PRESETS[_known("--preset", given.preset, PRESETS)].with_options(args[len(own) + 1 :])
    claims = tuple(map(_claim, given.claims)) or tuple(CLAIMS.values())
    if not given.list and not given.claims:
        claims = tuple(claim for claim in claims if not _said_to_be_left_out(claim, preset))
    return Request(claims, preset, given.out or Path("runs/reproduce") / preset.name, given.jobs, given.list)


def _said_to_be_left_out(claim: Claim, preset: Preset) -> bool:
    lacking = claim.missing(preset)
    if lacking is not None:
        print(f"{claim.name} is left out: {lacking}")
    return lacking is not None


def listing(claims: Iterable[Claim]) -> str:
    """All claims with figures and rules."""
    return "\n".join(each for claim in claims for each in _described(claim)).rstrip()


def _described(claim: Claim) -> list[str]:
    def wrapped(text: str) -> str:
        return textwrap.fill(text, width=110, initial_indent="  ", subsequent_indent="    ")

    head = f"{claim.name}  (figures {', '.join(claim.figures) or 'none'})"
    return [head, wrapped(claim.sentence), wrapped(f"rule: {claim.rule}"), ""]


def words() -> list[str]:
    """What a shell may complete."""
    options = [option for action in _parser()._actions for option in action.option_strings]
    return [*CLAIMS, *PRESETS, *options]


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="modeinterp reproduce",
        usage="%(prog)s [options] [CLAIM ...] [-- OPTION ...]",
        description=DESCRIPTION,
        epilog="presets:\n"
        + "".join(f"  {each.name:<6} {each.about}\n" for each in PRESETS.values())
        + f"\n{EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    which = "names from --list, or paths of classes; all of ours by default"
    parser.add_argument("claims", nargs="*", metavar="CLAIM", help=which)
    parser.add_argument("--preset", default="smoke", help=f"{', '.join(PRESETS)}; smoke by default")
    parser.add_argument("--out", type=Path, help="directory for everything, runs/reproduce/<preset> by default")
    jobs = os.cpu_count() or 1
    parser.add_argument("--jobs", type=int, default=jobs, help=f"commands at a time, one core each; {jobs} by default")
    parser.add_argument("--list", action="store_true", help="say what the claims are, and run nothing")
    return parser


def _claim(name: str) -> Claim:
    """One of ours by its name, or any other by the path of its class."""
    if "." not in name:
        return CLAIMS[_known("claim", name, CLAIMS)]
    module, _, attribute = name.rpartition(".")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"reproduce: expected the path of a class such as parts.MyClaim: {error}") from error
    if not (isinstance(found, type) and issubclass(found, Claim)):
        raise ConfigurationError(f"reproduce: expected a subclass of Claim, got {name}")
    return found()


def _known(what: str, name: str, names: Iterable[str]) -> str:
    known = list(names)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        raise ConfigurationError(f"reproduce: expected a known {what}, got {name}; {meant}")
    return name


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    """End, and with us the commands that run; asked twice, as by two Ctrl-C, the first is not broken off."""
    for each in STOPPED_BY:
        signal.signal(each, signal.SIG_IGN)
    print(f"modeinterp: reproduce: stopped by {signal.Signals(number).name}; the same command goes on", file=sys.stderr)
    raise SystemExit(128 + number)
