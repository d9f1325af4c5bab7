"""A chart as data for a template: lines with bands, points with tooltips, areas and guides.

Everything is in a box of `WIDTH` x `HEIGHT` units; y points down, as in SVG.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

WIDTH, HEIGHT = 460.0, 300.0
LEFT, RIGHT, TOP, BOTTOM = 66.0, 12.0, 14.0, 46.0
"""Margins around the axes, for their labels."""

SQUARE = WIDTH - LEFT - RIGHT + TOP + BOTTOM
"""Height of a chart whose axes are equally long."""

NUM_TICKS = 5
ROUND_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
LOG_STEPS = (1, 2, 3, 6)


@dataclass(frozen=True)
class Axis:
    """A range of numbers with round ticks.

    Args:
        label: Its label.
        low: Its lower end.
        high: Its upper end, above the lower one.
        is_log: Whether it is logarithmic, which needs positive ends.
    """

    label: str
    low: float
    high: float
    is_log: bool = False

    @classmethod
    def around(cls, label: str, values: Iterable[float], is_log: bool = False, room: float = 0.04) -> "Axis":
        """The range of some numbers with a margin; without those not finite, or not positive on a log axis.

        Args:
            label: Its label.
            values: The numbers.
            is_log: Whether it is logarithmic.
            room: Share of the range to add at each end.

        Example:
            >>> Axis.around("x", [1.0, 3.0], room=0.5)
            Axis(label='x', low=0.0, high=4.0, is_log=False)
        """
        known = [value for value in values if math.isfinite(value) and (value > 0 or not is_log)] or [1.0]
        low, high = (math.log10(each) if is_log else each for each in (min(known), max(known)))
        more = room * (high - low) or 0.5
        low, high = low - more, high + more
        return cls(label, 10**low, 10**high, True) if is_log else cls(label, low, high)

    def share(self, value: float) -> float:
        """Position of a number, 0 at the lower end and 1 at the upper one, clipped to these; 1 for nan.

        Example:
            >>> Axis("x", 1.0, 100.0, is_log=True).share(10.0)
            0.5
        """
        if math.isnan(value):
            return 1.0  # nan: the most suspicious
        low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        if self.is_log:
            low, high, at = math.log(low), math.log(high), math.log(at)
        return (at - low) / (high - low)

    @property
    def ticks(self) -> list[float]:
        """Round numbers within the range; at least two where that is possible.

        Example:
            >>> Axis("x", 0.0, 1.0).ticks
            [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
            >>> Axis("x", 0.5, 200.0, is_log=True).ticks
            [1.0, 10.0, 100.0]
        """
        if self.is_log:
            first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
            stride = max(1, round((last - first) / NUM_TICKS))
            decades = [10.0**power for power in range(first, last + 1, stride)]
            found = [each for each in decades if self.low <= each <= self.high]
            if len(found) > 1:
                return found
            finer = [step * 10.0**power for power in range(first, last + 1) for step in LOG_STEPS]
            return [each for each in finer if self.low <= each <= self.high]
        rough = (self.high - self.low) / NUM_TICKS
        power = 10.0 ** math.floor(math.log10(rough))
        step = power * next(each for each in ROUND_STEPS if each * power >= rough * 0.999)
        start, end = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [float(f"{number * step:.12g}") for number in range(start, end + 1)]

    @property
    def labels(self) -> list[tuple[float, str]]:
        """The ticks with their labels."""
        return [(tick, short(tick)) for tick in self.ticks]


@dataclass(frozen=True)
class Point:
    """A point with a tooltip.

    Args:
        x: Its x coordinate.
        y: Its y coordinate.
        tip: Its tooltip, shown on hover, touch and keyboard focus.
        mark: Its colour: ``good``, ``bad``, ``unclear``, ``unjudged`` or ``line-<number>``.
        is_flagged: Whether the detector flags it.
    """

    x: float
    y: float
    tip: str
    mark: str
    is_flagged: bool = False

    @property
    def at(self) -> tuple[float, float]:
        """Its coordinates."""
        return self.x, self.y


@dataclass(frozen=True)
class Line:
    """A line through points.

    Args:
        label: Its label; empty for none.
        points: Its points in order.
        mark: Its colour, as for a point.
        band: Lower and upper end at each point; empty for none.
    """

    label: str
    points: Sequence[Point]
    mark: str
    band: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True)
class Guide:
    """A horizontal line across the chart.

    Args:
        y: The level.
        label: Its label.
    """

    y: float
    label: str


@dataclass(frozen=True)
class Chart:
    """A chart.

    Args:
        title: Its title.
        caption: A description; read by screen readers with the title.
        x: The x axis.
        y: The y axis.
        lines: Lines, drawn first.
        points: Points, drawn above them, in the order of keyboard navigation.
        guides: Horizontal lines.
        backdrop: Points of the data in the background.
        density: Heights in [0, 1] of bins over the x axis, drawn in the background.
        is_large: Whether it takes the full width of the page.
        height: Its height in units of the box, which is `WIDTH` wide.
    """

    template: ClassVar[str] = "chart"
    title: str
    caption: str
    x: Axis
    y: Axis
    lines: Sequence[Line] = ()
    points: Sequence[Point] = ()
    guides: Sequence[Guide] = ()
    backdrop: Sequence[tuple[float, float]] = ()
    density: Sequence[float] = ()
    is_large: bool = False
    height: float = HEIGHT

    width: ClassVar[float] = WIDTH
    left: ClassVar[float] = LEFT
    right: ClassVar[float] = WIDTH - RIGHT
    top: ClassVar[float] = TOP

    @property
    def bottom(self) -> float:
        """Position of the x axis."""
        return self.height - BOTTOM

    def px(self, x: float) -> str:
        """Horizontal position of a number."""
        return f"{LEFT + self.x.share(x) * (WIDTH - LEFT - RIGHT):.1f}"

    def py(self, y: float) -> str:
        """Vertical position of a number."""
        return f"{self.bottom - self.y.share(y) * (self.bottom - TOP):.1f}"

    def path(self, points: Iterable[tuple[float, float]]) -> str:
        """A line through points, interrupted at nan."""
        text, is_down = [], False
        for x, y in points:
            if math.isfinite(y):
                text.append(f"{'L' if is_down else 'M'}{self.px(x)},{self.py(y)}")
            is_down = math.isfinite(y)
        return "".join(text)

    def band(self, line: Line) -> str:
        """The area between the ends of a line's intervals."""
        known = [
            (point.x, *ends)
            for point, ends in zip(line.points, line.band, strict=True)
            if all(map(math.isfinite, ends))
        ]
        there = [f"{self.px(x)},{self.py(high)}" for x, _, high in known]
        back = [f"{self.px(x)},{self.py(low)}" for x, low, _ in reversed(known)]
        return f"M{'L'.join(there + back)}Z" if len(known) > 1 else ""

    def area(self) -> str:
        """The area of the density."""
        width = (WIDTH - LEFT - RIGHT) / max(1, len(self.density))
        corners = [(LEFT, self.bottom)]
        for number, share in enumerate(self.density):
            height = self.bottom - 0.9 * share * (self.bottom - TOP)
            corners += [(LEFT + number * width, height), (LEFT + (number + 1) * width, height)]
        corners.append((WIDTH - RIGHT, self.bottom))
        return f"M{'L'.join(f'{x:.1f},{y:.1f}' for x, y in corners)}Z"


def short(value: float) -> str:
    """Format a number for a tick.

    Example:
        >>> short(0.25), short(20000.0), short(1e-05), short(-0.0)
        ('0.25', '20,000', '1e-5', '0')
    """
    if value == 0:
        return "0"
    if not 1e-3 <= abs(value) < 1e6:
        mantissa, _, power = f"{value:.3g}".partition("e")
        return f"{mantissa}e{int(power)}" if power else mantissa
    return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
