"""``modeinterp reproduce``: test the paper's claims on this machine."""

import difflib
import os
import sys
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from lightning_modeinterp.cli.one_line_parser import OneLineParser
from lightning_modeinterp.cli.stopping import stopped_by_signals
from lightning_modeinterp.configuration.parser import options_of
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.reproduction import CLAIMS, PRESETS, Claim, Preset, reproduce
from lightning_modeinterp.reproduction.report import TABLE, VERDICTS

DESCRIPTION = """\
Test claims of the paper: train models, draw samples, measure, and report for each claim holds, fails or undecided.

A verdict follows from a rule that was written before the run (--list). Runs are cached: claims share them, and
repeating the command resumes an interrupted reproduction. Options after "--" go to every fit, predict and test, and are
part of the cache key.
"""

EXAMPLES = """\
examples:
  modeinterp reproduce --list
  modeinterp reproduce --preset smoke
  modeinterp reproduce nearest-modes true-score --preset cpu --jobs 2
  modeinterp reproduce detection-2d --preset cpu -- --trainer.accelerator=gpu --generation.block_size=4096
"""


END = "--"
"""Separates our options from those of the commands that are run."""


@dataclass(frozen=True)
class Request:
    """The parsed arguments, see `lightning_modeinterp.reproduction.reproduce`."""

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
    with stopped_by_signals("reproduce"):
        outcomes = reproduce(asked.claims, asked.preset, asked.out, asked.jobs, lambda line: print(line, flush=True))
    failed = [outcome.claim.name for outcome in outcomes if outcome.failure]
    if len(failed) < len(outcomes):
        print(f"\nreproduce finished; its output is in {asked.out}: {VERDICTS}, {TABLE}, and figures of each claim")
    if failed:
        undecided = f"{len(failed)} of {len(outcomes)} claims not decided because a run failed: {', '.join(failed)}"
        print(f"modeinterp: reproduce: {undecided}; the same command resumes it", file=sys.stderr)
        raise SystemExit(1)


def parse(args: Sequence[str]) -> Request:
    """Read the arguments.

    Raises:
        ConfigurationError: If an option, claim or preset is unknown.
    """
    own = list(args)[: args.index(END)] if END in args else list(args)
    given = parser().parse_args(own)
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
    """All claims with their figures and rules."""
    return "\n".join(each for claim in claims for each in _described(claim)).rstrip()


def _described(claim: Claim) -> list[str]:
    def wrapped(text: str) -> str:
        return textwrap.fill(text, width=110, initial_indent="  ", subsequent_indent="    ")

    head = f"{claim.name}  (figures {', '.join(claim.figures) or 'none'})"
    return [head, wrapped(claim.sentence), wrapped(f"rule: {claim.rule}"), ""]


def words() -> list[str]:
    """Words that a shell can complete."""
    return [*CLAIMS, *PRESETS, *options_of(parser())]


def parser() -> OneLineParser:
    """The parser of the command."""
    made = OneLineParser(
        "reproduce",
        usage="%(prog)s [options] [CLAIM ...] [-- OPTION ...]",
        description=DESCRIPTION,
        epilog="presets:\n"
        + "".join(f"  {each.name:<6} {each.about}\n" for each in PRESETS.values())
        + f"\n{EXAMPLES}",
    )
    which = "names from --list, or class paths; all claims by default"
    made.add_argument("claims", nargs="*", metavar="CLAIM", help=which)
    made.add_argument("--preset", default="smoke", help=f"{', '.join(PRESETS)}; smoke by default")
    made.add_argument("--out", type=Path, help="output directory, runs/reproduce/<preset> by default")
    jobs = os.cpu_count() or 1
    made.add_argument(
        "--jobs", type=int, default=jobs, help=f"commands to run in parallel, one core each; {jobs} by default"
    )
    made.add_argument("--list", action="store_true", help="list the claims and run nothing")
    return made


def _claim(name: str) -> Claim:
    """A claim of this package by its name, or any other by its class path."""
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
        meant = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
        raise ConfigurationError(f"reproduce: expected a known {what}, got {name}; {meant}")
    return name
