"""Images on a page of their own, to be labelled with keys or thumbs; the page saves the labels as a CSV file.

The page is one HTML file that asks nothing of a network. What was labelled is kept in the browser until it is saved.
"""

import base64
import html
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import Template

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.sheets.labels import image_key
from lightning_modeinterp.sheets.page import PAGE

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
    figures = "\n".join(map(_figure, images))
    buttons = "".join(
        f'<button data-key="{html.escape(key)}"><kbd>{html.escape(key)}</kbd> {html.escape(label)}</button>'
        for key, label in labels.items()
    )
    escaped = json.dumps(dict(labels)).replace("<", "\\u003c")
    return Template(PAGE).substitute(
        title=html.escape(title),
        note=html.escape(note),
        sorting=_sorting(list(images[0].scores), by),
        figures=figures,
        buttons=buttons,
        labels=escaped,
    )


def _sorting(scores: Sequence[str], by: str | None) -> str:
    """A choice of orders; nothing where there are no scores."""
    if not scores:
        return ""
    orders = [(f"{sign}{name}", f"{name}, {first} first") for name in scores for sign, first in ORDERS.items()]
    options = "".join(
        f'<option value="{html.escape(value)}"{" selected" if value == f"-{by}" else ""}>{html.escape(said)}</option>'
        for value, said in [("", "as they come"), *orders]
    )
    return f'<label>sort by <select id="by">{options}</select></label>'


def _figure(image: SheetImage) -> str:
    name, guess = html.escape(image.name, quote=True), html.escape(image.guess)
    known = {score: value if math.isfinite(value) else None for score, value in image.scores.items()}
    scores = html.escape(json.dumps(known), quote=True)
    return (
        f'<figure data-name="{name}" data-key="{image_key(image.pixels)}" data-scores="{scores}"><img alt="{name}" '
        f'src="data:image/png;base64,{_png(image.pixels)}"><figcaption><b></b> <i>{guess}</i><small></small>'
        "</figcaption></figure>"
    )


def _png(pixels: NDArray[np.uint8]) -> str:
    picture = Image.fromarray(pixels[0] if len(pixels) == 1 else np.ascontiguousarray(pixels.transpose(1, 2, 0)))
    content = io.BytesIO()
    picture.save(content, "PNG", optimize=True)
    return base64.b64encode(content.getvalue()).decode()
