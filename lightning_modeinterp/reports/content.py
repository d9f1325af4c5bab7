"""What a report is made of: sections of parts, each of which the template of its name draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from lightning_modeinterp.pages import image_uri
from lightning_modeinterp.reports.chart import Chart


@dataclass(frozen=True)
class Picture:
    """A figure with what is to be seen on it.

    Args:
        uri: The image as a ``data:`` address.
        width: Pixels.
        height: Pixels.
        title: A few words.
        caption: What is to be seen; with the title it is what a screen reader says.
    """

    template: ClassVar[str] = "picture"
    uri: str
    width: int
    height: int
    title: str
    caption: str = ""

    @classmethod
    def of(cls, file: Path, title: str, caption: str = "") -> "Picture":
        """From an image file."""
        return cls(*image_uri(file), title, caption)


@dataclass(frozen=True)
class Table:
    """A table; its first column names the rows.

    Args:
        header: Of the columns.
        rows: A cell for each column.
        title: What it is; it is folded under this where ``is_folded``.
        is_folded: Whether it is shown only when asked for.
    """

    template: ClassVar[str] = "table"
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    is_folded: bool = False


@dataclass(frozen=True)
class Folded:
    """Text as it is, shown when asked for.

    Args:
        title: What it is.
        text: The text, in lines.
    """

    template: ClassVar[str] = "folded"
    title: str
    text: str


@dataclass(frozen=True)
class Card:
    """An image of a gallery.

    Args:
        uri: The image as a ``data:`` address.
        name: What it is called.
        tip: What is said of it on hover, touch and focus.
        mark: ``good``, ``bad``, ``unclear`` or ``unjudged``; colours of its frame.
        is_flagged: Whether the detector flags it.
    """

    uri: str
    name: str
    tip: str
    mark: str
    is_flagged: bool


@dataclass(frozen=True)
class Gallery:
    """Images side by side.

    Args:
        title: Which they are.
        cards: The images.
    """

    template: ClassVar[str] = "gallery"
    title: str
    cards: Sequence[Card]


@dataclass(frozen=True)
class Legend:
    """What marks and colours mean.

    Args:
        entries: Mark and words.
    """

    template: ClassVar[str] = "legend"
    entries: Sequence[tuple[str, str]]


Part = Picture | Table | Folded | Gallery | Legend | Chart


@dataclass(frozen=True)
class Section:
    """A part of a report under a heading.

    Args:
        title: The heading.
        text: Paragraphs below it.
        parts: What follows.
    """

    title: str
    text: Sequence[str] = ()
    parts: Sequence[Part] = ()


@dataclass(frozen=True)
class Tile:
    """A number that matters, large.

    Args:
        number: The number, with its unit.
        label: What it is.
        detail: Its interval and what it is of.
    """

    number: str
    label: str
    detail: str = ""


@dataclass(frozen=True)
class Report:
    """A report.

    Args:
        title: What it is of.
        about: What was run, in a line.
        lead: Plain sentences for somebody who has not read the paper.
        tiles: The numbers that matter.
        sections: All else.
        facts: Date, version and so on, by name; at the end.
    """

    title: str
    about: str
    lead: Sequence[str]
    tiles: Sequence[Tile] = ()
    sections: Sequence[Section] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
