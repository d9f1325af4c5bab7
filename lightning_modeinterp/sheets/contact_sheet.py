"""A page of images to label by keys or touch; it saves the labels as a CSV file.

The page is one HTML file without network access. Labels are kept in the browser until they are saved.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lightning_modeinterp import sheets
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.pages import pixels_uri, render
from lightning_modeinterp.sheets.labels import image_key

ORDERS = {"-": "highest", "+": "lowest"}
"""Signs of the page's sort orders, and what comes first in each."""


@dataclass(frozen=True)
class SheetImage:
    """One image of a sheet.

    Args:
        name: The file's name, or the index of a sample.
        pixels: (C, H, W) uint8, C = 1 or 3.
        guess: The oracle's verdict, shown below the image; not a label.
        scores: Scores by name; nan counts as the highest.
    """

    name: str
    pixels: NDArray[np.uint8]
    guess: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)


def contact_sheet(
    images: Sequence[SheetImage], labels: Mapping[str, str], title: str, note: str = "", by: str | None = None
) -> str:
    """Write a contact sheet.

    On the page images can be sorted by any of their scores, which is then shown below each.

    Args:
        images: The images, at least one; all with the same scores.
        labels: Labels by key; keys are single characters.
        title: Title of the page and name of the saved labels.
        note: A line below the title, such as which images are shown.
        by: Initial score to sort by, the highest first. The given order if None.

    Returns:
        The page, HTML.

    Raises:
        ConfigurationError: If there are no images or no labels, or a key is not one character.

    Example:
        >>> page = contact_sheet([SheetImage("a.png", np.zeros((1, 2, 2), dtype=np.uint8))], {"5": "5"}, "hands")
        >>> page.count("<figure"), page.startswith("<!doctype html>")
        (1, True)
    """
    if not images or not labels or any(len(key) != 1 for key in labels):
        raise ConfigurationError(
            f"sheet: expected at least one image, and labels by keys of one character, got {len(images)} images and "
            f"{dict(labels)}"
        )
    scores = list(images[0].scores)
    return render(
        sheets.__name__,
        "contact_sheet.html",
        title=title,
        note=note,
        labels=dict(labels),
        images=list(map(_shown, images)),
        orders=[("", "the given order"), *_orders(scores)] if scores else [],
        chosen=f"-{by}",
    )


def _orders(scores: Sequence[str]) -> list[tuple[str, str]]:
    """Value and text of each sort order."""
    return [(f"{sign}{name}", f"{name}, {first} first") for name in scores for sign, first in ORDERS.items()]


def _shown(image: SheetImage) -> dict[str, str]:
    """The values of an image for the template."""
    known = {score: value if math.isfinite(value) else None for score, value in image.scores.items()}
    return {
        "name": image.name,
        "key": image_key(image.pixels),
        "scores": json.dumps(known),
        "uri": pixels_uri(image.pixels),
        "guess": image.guess,
    }
