"""``modeinterp keep``: select samples of a store to train the next generation on."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentError, ArgumentParser, Namespace

from lightning_modeinterp.cli.arguments import HelpFormatter, as_written
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.filters import Filter
from lightning_modeinterp.filters.kept_samples import keep, num_bad
from lightning_modeinterp.sample_store import SampleStore

DESCRIPTION = r"""
Filter the samples of stores and write those that are kept, to train the next generation on (data: StoredSamples).

  modeinterp keep RUN_DIR/predictions --out kept \
    --filter LowestScore --filter.score variance/last_10 --filter.num 100_000
"""


def main(args: Sequence[str]) -> None:
    """Run the command.

    Args:
        args: What follows ``keep``.

    Raises:
        ConfigurationError: If a store or an option does not fit.
    """
    given, chosen = parsed(args)
    stores = [SampleStore.open(Path(store)) for store in given.stores]
    said = {"class_path": given.filter.class_path, "init_args": dict(given.filter.init_args)}
    facts = keep(stores, chosen, given.out, said)
    print(f"keep finished; {facts['num_kept']:,} of {facts['num_drawn']:,} samples are in {given.out}{_judged(facts)}")


def parsed(args: Sequence[str]) -> tuple[Namespace, Filter]:
    """The options of the command, and the filter that they name.

    Raises:
        ConfigurationError: If an option does not fit.
    """
    made = parser()
    try:
        given = made.parse_args(list(args))
        return given, made.instantiate(given).filter
    except ArgumentError as error:
        raise ConfigurationError(f"keep: {as_written(str(error), made)}; see modeinterp keep --help") from error


def _judged(facts: Mapping[str, Any]) -> str:
    """Hallucinations before and after, if the samples were judged."""
    if "kinds" not in facts:
        return ""
    before, after = num_bad(facts["kinds"]), num_bad(facts["kept_kinds"])
    return f"; {after:,} of {before:,} hallucinations are among them"


def parser() -> ArgumentParser:
    """The parser of the command."""
    made = ArgumentParser(
        "modeinterp keep",
        description=DESCRIPTION,
        exit_on_error=False,
        formatter_class=HelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument(
        "stores", type=str, nargs="+", metavar="STORE", help="the store that predict wrote, RUN_DIR/predictions"
    )
    made.add_argument("--out", type=str, required=True, help="a new folder for the samples")
    made.add_subclass_arguments(Filter, "filter", required=True)
    return made
