"""Images on a page of their own, to be labelled with keys or thumbs; the page saves the labels as a CSV file.

The page is one HTML file that asks nothing of a network. What was labelled is kept in the browser until it is saved.
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
"""Signs of the page's orders, and what comes first in each."""


@dataclass(frozen=True)
class SheetImage:
    """One image of a sheet.

    Args:
        name: What it is called; the file's name, or the number of a sample.
        pixels: (C, H, W) uint8, C = 1 or 3.
        guess: What an oracle says of it; shown below, no label.
        scores: By name; nan counts as the highest.
    """

    name: str
    pixels: NDArray[np.uint8]
    guess: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)


def contact_sheet(
    images: Sequence[SheetImage], labels: Mapping[str, str], title: str, note: str = "", by: str | None = None
) -> str:
    """Write a contact sheet.

    On the page images may be sorted by any of their scores, whose value then stands below each.

    Args:
        images: What is on it, at least one; all with the same scores.
        labels: The label that each key gives, by the key; single characters.
        title: What stands above, and what the labels are saved as.
        note: A line below the title, such as which images they are.
        by: The score by which they are sorted at first, the highest first. As they come if None.

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
        orders=[("", "as they come"), *_orders(scores)] if scores else [],
        chosen=f"-{by}",
    )


def _orders(scores: Sequence[str]) -> list[tuple[str, str]]:
    """Value and words of each order."""
    return [(f"{sign}{name}", f"{name}, {first} first") for name in scores for sign, first in ORDERS.items()]


def _shown(image: SheetImage) -> dict[str, str]:
    """What the template needs of an image."""
    known = {score: value if math.isfinite(value) else None for score, value in image.scores.items()}
    return {
        "name": image.name,
        "key": image_key(image.pixels),
        "scores": json.dumps(known),
        "uri": pixels_uri(image.pixels),
        "guess": image.guess,
    }
