"""Content of a report: sections of parts, each drawn by the template of its name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from lightning_modeinterp.pages import image_uri
from lightning_modeinterp.reports.chart import Chart


@dataclass(frozen=True)
class Picture:
    """A figure with a description.

    Args:
        uri: The image as a ``data:`` URI.
        width: Width in pixels.
        height: Height in pixels.
        title: A short title.
        caption: A description; read by screen readers with the title.
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
        header: Column names.
        rows: Rows with one cell per column.
        title: Its title, under which it is folded if ``is_folded``.
        is_folded: Whether it is hidden until opened.
    """

    template: ClassVar[str] = "table"
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    is_folded: bool = False


@dataclass(frozen=True)
class Folded:
    """Preformatted text, hidden until opened.

    Args:
        title: Its title.
        text: The text.
    """

    template: ClassVar[str] = "folded"
    title: str
    text: str


@dataclass(frozen=True)
class Card:
    """An image of a gallery.

    Args:
        uri: The image as a ``data:`` URI.
        name: Its name.
        tip: Its tooltip, shown on hover, touch and focus.
        mark: The colour of its frame: ``good``, ``bad``, ``unclear`` or ``unjudged``.
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
        title: Its title.
        cards: The images.
    """

    template: ClassVar[str] = "gallery"
    title: str
    cards: Sequence[Card]


@dataclass(frozen=True)
class Legend:
    """The meaning of marks and colours.

    Args:
        entries: Marks with their description.
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
        parts: Its parts.
    """

    title: str
    text: Sequence[str] = ()
    parts: Sequence[Part] = ()


@dataclass(frozen=True)
class Tile:
    """An important number, shown large.

    Args:
        number: The number, with its unit.
        label: Its label.
        detail: Its interval and count.
    """

    number: str
    label: str
    detail: str = ""


@dataclass(frozen=True)
class Report:
    """A report.

    Args:
        title: Its title.
        about: What was run, in one line.
        lead: An introduction for readers who do not know the paper.
        tiles: The most important numbers.
        sections: Everything else.
        facts: Date, version and so on, by name; shown at the end.
    """

    title: str
    about: str
    lead: Sequence[str]
    tiles: Sequence[Tile] = ()
    sections: Sequence[Section] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
