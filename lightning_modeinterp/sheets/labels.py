"""Labels that people gave to images, as a contact sheet saves them.

A CSV file with the columns ``name``, ``key`` and ``label``. The key is made from the image's bytes, so a label is found
again wherever the very same image turns up: in a store, in a folder, or in front of an oracle that sees nothing else.
"""

import csv
import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lightning_modeinterp.errors import ConfigurationError

COLUMNS = ("name", "key", "label")
NUM_NAMED = 3
"""Names that a message gives at most."""


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


def read_labels(path: str | Path, allowed: Collection[str]) -> HumanLabels:
    """Read what a contact sheet has saved; images without a label are left out.

    Args:
        path: The CSV file.
        allowed: Labels that mean something.

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
        if row["label"] not in allowed:
            raise ConfigurationError(
                f"{path}: expected labels {', '.join(allowed)}, got {row['label']!r} for {row['name']}; mend the file"
            )
    by_key, by_name = ({row[column]: row["label"] for row in given} for column in ("key", "name"))
    return HumanLabels(path, by_key, by_name)
