"""Labels that people gave to images, as a contact sheet saves them.

A CSV file with the columns ``name``, ``key`` and ``label``. The key is made from the image's bytes, so a label is found
again wherever the very same image turns up: in a store, in a folder, or in front of an oracle that sees nothing else.
"""

import csv
import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lightning_modeinterp.errors import ConfigurationError

COLUMNS = ("name", "key", "label")
NUM_NAMED = 3
"""Names that a message gives at most."""


NUMBERS = {**{str(number): str(number) for number in range(10)}, "m": "malformed", "e": "empty"}
"""Labels by key for what can be counted: how many there are, or why nobody can say."""


@dataclass(frozen=True)
class HumanLabels:
    """What people said.

    Args:
        path: The file.
        by_key: Label of each image by its key.
        by_name: The same by its name.
    """

    path: Path
    by_key: dict[str, str]
    by_name: dict[str, str]

    def check_names(self, known: Collection[str]) -> None:
        """Refuse labels of images that are not there.

        Raises:
            ConfigurationError: If a labelled name is not among the known ones.
        """
        if absent := sorted(set(self.by_name) - set(known)):
            raise ConfigurationError(
                f"{self.path}: expected labels of the {len(known):,} images that are there, got {len(absent):,} of "
                f"others ({', '.join(absent[:NUM_NAMED])}{', ...' if len(absent) > NUM_NAMED else ''}); label this set"
            )


def image_key(image: NDArray[np.uint8]) -> str:
    """Name an image by its bytes.

    Args:
        image: (C, H, W) uint8.

    Example:
        >>> image_key(np.zeros((1, 2, 2), dtype=np.uint8))
        '6b6936ce9d3620f4'
    """
    shape = "x".join(map(str, image.shape))
    return hashlib.sha256(shape.encode() + np.ascontiguousarray(image).tobytes()).hexdigest()[:16]


def labels_of_kinds(kinds: Sequence[str]) -> dict[str, str]:
    """Give each kind a key: the first letter of its name that is free, or the first free digit.

    Args:
        kinds: Names of an oracle's kinds, each once.

    Example:
        >>> labels_of_kinds(["in_support", "ambiguous", "interpolated", "invalid"])
        {'i': 'in_support', 'a': 'ambiguous', 'n': 'interpolated', 'v': 'invalid'}
    """
    labels: dict[str, str] = {}
    for kind in kinds:
        key = next(each for each in (*filter(str.isalpha, kind), *"0123456789") if each not in labels)
        labels[key] = kind
    return labels


def read_labels(path: str | Path, allowed: Collection[str] | None = None) -> HumanLabels:
    """Read what a contact sheet has saved; images without a label are left out.

    Args:
        path: The CSV file.
        allowed: Labels that mean something; any if None.

    Raises:
        ConfigurationError: If there is no such file, a column is missing, or a label means nothing.
    """
    path = Path(path)
    if not path.is_file():
        raise ConfigurationError(f"labels: expected a CSV file that a contact sheet has saved, found none at {path}")
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
        columns = rows[0].keys() if rows else ()
    if missing := [name for name in COLUMNS if name not in columns]:
        raise ConfigurationError(f"{path}: expected the columns {', '.join(COLUMNS)}, found no {', '.join(missing)}")
    given = [row for row in rows if row["label"]]
    for row in given:
        if allowed is not None and row["label"] not in allowed:
            raise ConfigurationError(
                f"{path}: expected labels {', '.join(allowed)}, got {row['label']!r} for {row['name']}; mend the file"
            )
    by_key, by_name = ({row[column]: row["label"] for row in given} for column in ("key", "name"))
    return HumanLabels(path, by_key, by_name)
