"""``modeinterp threshold``: set a threshold on the scores of some samples, and save it for new ones."""

from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lightning_modeinterp.cli.one_line_parser import OneLineParser
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.filters.calibration import Rows, calibrate
from lightning_modeinterp.filters.in_support import verdict_of
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.sample_store import SampleStore
from lightning_modeinterp.sample_store.score_settings import score_settings
from lightning_modeinterp.sample_store.store import read_json
from lightning_modeinterp.sheets import read_labels, read_score_table
from lightning_modeinterp.threshold import PUBLISHED_RETAINED

DESCRIPTION = r"""
Set the threshold of a score so that it keeps a given share of the samples. It is saved with the model, sampler and
steps that it is valid for, and refused on any others. It is set on the samples that the store's oracle finds in
support, or with --labels on those labelled --good, else on all samples.

  modeinterp threshold RUN_DIR/predictions --score variance/last_10 --out late.json
  modeinterp keep OTHER_RUN_DIR/predictions --filter BelowSavedThreshold --filter.file late.json --out kept
"""


def main(args: Sequence[str]) -> None:
    """Run the command.

    Args:
        args: What follows ``threshold``.

    Raises:
        ConfigurationError: If the samples or an option do not fit.
    """
    given = parser().parse_args(args)
    source = _of_store(given) if given.samples.is_dir() else _of_table(given)
    good, who = _good(given, source)
    threshold = replace(calibrate(source.samples, given.score, given.retained, good), set_on=source.set_on)
    threshold.save(given.out)
    print(
        f"threshold finished; {given.score} up to {threshold.value:.6g} keeps {given.retained:.4g} of the "
        f"{threshold.num_in_support:,} samples {who}; it is in {given.out}"
    )


def parser() -> OneLineParser:
    """The parser of the command."""
    made = OneLineParser("threshold", description=DESCRIPTION)
    made.add_argument(
        "samples", type=Path, metavar="STORE", help="the store that predict wrote, or a CSV file of scores"
    )
    made.add_argument("--score", required=True, help="name of the score, such as variance/last_10")
    made.add_argument("--retained", type=float, default=PUBLISHED_RETAINED, help="share to keep; 0.96 by default")
    made.add_argument("--labels", type=Path, help="CSV file of labels, saved from a sheet of the same samples")
    made.add_argument("--good", help="labels of good samples, separated by commas")
    made.add_argument(
        "--fingerprint", type=Path, help="for a CSV file: JSON file with model, sampler and steps of its samples"
    )
    made.add_argument("--out", type=Path, required=True, help="JSON file to write")
    return made


@dataclass(frozen=True)
class _Source:
    """Samples with scores, the settings a threshold on them is valid for, and the indices of samples by name."""

    samples: Iterable[GeneratedBatch]
    set_on: Mapping[str, Any]
    is_judged: bool
    numbers: Callable[[Sequence[str]], Tensor]


def _of_store(given: Namespace) -> _Source:
    if given.fingerprint is not None:
        raise ConfigurationError(f"threshold: expected no --fingerprint with a store, got {given.fingerprint}")
    store = SampleStore.open(given.samples)

    def numbers(names: Sequence[str]) -> Tensor:
        if others := [name for name in names if not name.isdecimal() or int(name) >= len(store)]:
            raise ConfigurationError(
                f"{given.labels}: expected labels of the {len(store):,} samples in {store.path}, got one of {others[0]}"
            )
        return torch.tensor([int(name) for name in names])

    set_on = score_settings(store.manifest["fingerprint"], given.score)
    return _Source(store, set_on, bool(store.manifest["kinds"]), numbers)


def _of_table(given: Namespace) -> _Source:
    table = read_score_table(given.samples)
    if given.fingerprint is None or not given.fingerprint.is_file():
        raise ConfigurationError(
            f"threshold: expected --fingerprint with a JSON file of model, sampler and steps for {given.samples}, got "
            f"{given.fingerprint}; without it the threshold would be used anywhere"
        )
    number = len(table.names)
    scores = {name: values.float() for name, values in table.scores.items()}
    batch = GeneratedBatch(torch.arange(number), torch.zeros(number, 1), scores, number)
    return _Source([batch], read_json(given.fingerprint), False, table.rows)


def _good(given: Namespace, source: _Source) -> tuple[Rows, str]:
    """Which samples set the threshold, and a phrase that says so."""
    if (given.labels is None) != (given.good is None):
        raise ConfigurationError(
            f"threshold: expected --labels CSV and --good LABEL together, got {given.labels} and {given.good}"
        )
    if given.labels is not None:
        numbers = source.numbers(_named_good(given))
        return lambda batch: torch.isin(batch.index, numbers), f"labelled {given.good}"
    if source.is_judged:
        return lambda batch: verdict_of(batch).in_support, "in support"
    return lambda batch: torch.ones(len(batch), dtype=torch.bool), "there, good and bad"


def _named_good(given: Namespace) -> list[str]:
    wanted, labels = given.good.split(","), read_labels(given.labels).by_name
    if missing := [each for each in wanted if each not in labels.values()]:
        raise ConfigurationError(
            f"{given.labels}: expected samples labelled {', '.join(missing)}, got "
            f"{', '.join(sorted(set(labels.values()))) or 'none with a label'}"
        )
    return [name for name, label in labels.items() if label in wanted]
