"""Style of figures: one palette, one size, no global state.

The colours are those of Okabe and Ito, distinct for the colour-blind and in grey.
"""

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

IN_SUPPORT = "#0072B2"
HALLUCINATED = "#D55E00"
AMBIGUOUS = "#999999"
DATA = "#E69F00"
TRUE_DENSITY = "#222222"
LEARNED = "#CC79A7"
GUIDE = "#666666"
"""Threshold lines, reference values, notes."""
UNJUDGED = "#009E73"
"""Samples of data without an oracle."""
RESTLESS = "#CC79A7"
"""Samples of highest variance, of data without an oracle."""


@dataclass(frozen=True)
class Sides:
    """Two groups of samples that are drawn side by side.

    Args:
        names: Their names.
        colours: Their colours.
    """

    names: tuple[str, str]
    colours: tuple[str, str]


BY_VERDICT = Sides(("in support", "hallucinated"), (IN_SUPPORT, HALLUCINATED))
"""Groups for data with an oracle."""
BY_VARIANCE = Sides(("low variance", "high variance"), (UNJUDGED, RESTLESS))
"""Groups for data without an oracle."""

FEW_POINTS = 400

WIDTH = 6.0
"""Inches; 900 px at the resolution that `save_figure` writes."""


def new_figure(title: str, height: float = 3.6) -> Figure:
    """Make an empty figure that belongs to no window and no global list.

    Args:
        title: The main result, in one line.
        height: Height in inches.
    """
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    figure.suptitle(title, fontsize=9.5, fontweight="bold", x=0.012, ha="left")
    return figure


def tidy(axes: Axes) -> None:
    """Remove clutter: the upper and right frame, heavy ticks, strong grid lines."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(which="both", labelsize=8, color=GUIDE)
    axes.xaxis.label.set_fontsize(9)
    axes.yaxis.label.set_fontsize(9)
    axes.grid(axis="y", color="0.92", linewidth=0.6)
    axes.set_axisbelow(True)


def legend_below(figure: Figure) -> None:
    """Put the legend of all axes below them: in one line if it fits, else in two columns."""
    labels = [label for axes in figure.axes for label in axes.get_legend_handles_labels()[1]]
    num_characters = sum(len(label) + 6 for label in labels)  # 6: the sample of colour and the gaps
    num_columns = len(labels) if num_characters < 97 else 2
    figure.legend(
        loc="outside lower center",
        ncols=max(num_columns, 1),
        fontsize=8,
        frameon=False,
        columnspacing=1.2,
        handlelength=1.6,
    )


def at_least_a_decade(low: float, high: float) -> tuple[float, float]:
    """Ends of a logarithmic axis, moved apart if they are close, so that it can be labelled.

    Example:
        >>> at_least_a_decade(1.0, 100.0), at_least_a_decade(4.0, 4.0)
        ((1.0, 100.0), (1.0, 16.0))
    """
    margin = 4.0 if high < 10 * low else 1.0
    return low / margin, high * margin


def dot_size(num_points: int) -> float:
    """Diameter of a dot in points; a few dots are drawn larger, to be visible."""
    return 2.5 if num_points > FEW_POINTS else 5.0


def note(axes: Axes, text: str) -> None:
    """Write a remark in the middle of the axes, for instance that there was nothing to draw."""
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", fontsize=9, color=GUIDE)
