"""Scores of samples in a CSV file: one row per sample, one column per score, and one that identifies the sample.

Samples are identified by a column ``file`` or, as saved by a watch, by a column ``index``.
"""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError

FILE, INDEX = "file", "index"


@dataclass(frozen=True)
class ScoreTable:
    """Scores by name.

    Args:
        path: The file.
        names: Names of the N samples: file names or indices.
        has_files: Whether they are file names.
        scores: Scores, each (N,) float64; nan if missing.
    """

    path: Path
    names: tuple[str, ...]
    has_files: bool
    scores: Mapping[str, Tensor]

    def rows(self, files: Sequence[str]) -> Tensor:
        """Rows of some files, (n,) int64. An indexed row belongs to the file named by that number.

        Args:
            files: File names, such as ``cat.png`` or ``000012.png``; for indexed rows also ``12``.

        Raises:
            ConfigurationError: If a file has no row.
        """
        row_of = {name: row for row, name in enumerate(self.names)}
        found = [row_of.get(name if self.has_files else _as_number(name)) for name in files]
        if absent := [name for name, row in zip(files, found, strict=True) if row is None]:
            wanted = f"{FILE} {absent[0]}" if self.has_files else f"{INDEX} for a file named by its number"
            raise ConfigurationError(
                f"{self.path}: expected a row for each of {len(files):,} files, found none for {len(absent):,}, such "
                f"as {absent[0]}; add a row with {wanted}"
            )
        return torch.tensor(found)


def read_score_table(path: str | Path) -> ScoreTable:
    """Read scores; columns without numbers are ignored.

    Raises:
        ConfigurationError: If there is no such file, samples are not identified, one of them occurs twice, or no column
            holds numbers.
    """
    path = Path(path)
    if not path.is_file():
        raise ConfigurationError(f"scores: expected a CSV file, found none at {path}")
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        reader = csv.DictReader(file)
        rows, columns = list(reader), list(reader.fieldnames or ())
    key = next((each for each in (FILE, INDEX) if each in columns), None)
    if key is None or not rows:
        raise ConfigurationError(
            f"{path}: expected a column {FILE} or {INDEX} and a row for each sample, got columns "
            f"{', '.join(columns) or 'none'} and {len(rows)} rows"
        )
    names = [(row[key] or "") if key == FILE else _as_number(row[key] or "") for row in rows]
    if twice := next((name for name, count in Counter(names).items() if count > 1), None):
        raise ConfigurationError(f"{path}: expected each sample once, got {twice} twice")
    scores = _scores(path, rows, [each for each in columns if each not in (FILE, INDEX)])
    return ScoreTable(path, tuple(names), key == FILE, scores)


def _scores(path: Path, rows: Sequence[dict[str, str]], columns: Sequence[str]) -> dict[str, Tensor]:
    scores = {}
    for column in columns:
        try:
            values = [float(row[column]) if row[column] else torch.nan for row in rows]
        except (TypeError, ValueError):
            continue  # such as a prompt
        scores[column] = torch.tensor(values, dtype=torch.float64)
    if not scores:
        raise ConfigurationError(
            f"{path}: expected a column of numbers for each score, got {', '.join(columns) or 'none'}"
        )
    return scores


def _as_number(name: str) -> str:
    """The number in a file's name, without leading zeros; the name if it is not a number."""
    stem = Path(name).stem
    return str(int(stem)) if stem.isdecimal() else name
