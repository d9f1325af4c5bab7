"""Human labels of images, as saved by a contact sheet.

A CSV file with the columns ``name``, ``key`` and ``label``. The key is a hash of the image's bytes, so a label is found
wherever the same image occurs: in a store, in a folder, or in an oracle that sees only the image.
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
"""Maximum number of names in a message."""


NUMBERS = {**{str(number): str(number) for number in range(10)}, "m": "malformed", "e": "empty"}
"""Labels by key for things that are counted: their number, or why it is unknown."""


@dataclass(frozen=True)
class HumanLabels:
    """Human labels.

    Args:
        path: The file.
        by_key: Labels by image key.
        by_name: Labels by name.
    """

    path: Path
    by_key: dict[str, str]
    by_name: dict[str, str]

    def check_names(self, known: Collection[str]) -> None:
        """Refuse labels of unknown images.

        Raises:
            ConfigurationError: If a labelled name is not among the known ones.
        """
        if absent := sorted(set(self.by_name) - set(known)):
            raise ConfigurationError(
                f"{self.path}: expected labels of the {len(known):,} given images, got {len(absent):,} of "
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
    """Assign a key to each kind: the first unused letter of its name, or the first unused digit.

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
    """Read the labels of a contact sheet; images without a label are left out.

    Args:
        path: The CSV file.
        allowed: Valid labels; any if None.

    Raises:
        ConfigurationError: If there is no such file, a column is missing, or a label is invalid.
    """
    path = Path(path)
    if not path.is_file():
        raise ConfigurationError(f"labels: expected a CSV file saved by a contact sheet, found none at {path}")
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
        columns = rows[0].keys() if rows else ()
    if missing := [name for name in COLUMNS if name not in columns]:
        raise ConfigurationError(f"{path}: expected the columns {', '.join(COLUMNS)}, found no {', '.join(missing)}")
    given = [row for row in rows if row["label"]]
    for row in given:
        if allowed is not None and row["label"] not in allowed:
            raise ConfigurationError(
                f"{path}: expected labels {', '.join(allowed)}, got {row['label']!r} for {row['name']}; fix the file"
            )
    by_key, by_name = ({row[column]: row["label"] for row in given} for column in ("key", "name"))
    return HumanLabels(path, by_key, by_name)
