"""Trajectory variance by position of the samples, in 1D and 2D."""

from collections.abc import Mapping

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.captions import lie_outside, power
from lightning_modeinterp.figures.style import (
    BY_VERDICT,
    GUIDE,
    UNJUDGED,
    at_least_a_decade,
    dot_size,
    legend_below,
    new_figure,
    note,
    tidy,
)

SHOWN = (0.002, 0.998)
"""The axes span these quantiles of the samples, plus a margin."""

COLOURS = colormaps["viridis_r"]
"""High variance is dark, which is visible on white."""

Groups = Mapping[str, NDArray[np.bool_]]


def variance_on_line(
    samples: Tensor, variance: Tensor, window_label: str, hallucinated: Tensor | None = None, *, max_points: int = 5_000
) -> Figure:
    """Draw the trajectory variance of 1D samples over their position.

    Only the first ``max_points`` samples of each verdict are drawn, so hallucinations look more frequent than they are
    if the others exceed that number. Variances that are not finite and above 0 are counted in the axis label.

    Args:
        samples: (N, 1), data units.
        variance: (N,), model units squared.
        window_label: Name of the window that the variance was taken over.
        hallucinated: (N,) bool; None if samples are not judged.
        max_points: Maximum number of drawn samples of each verdict.

    Raises:
        ConfigurationError: Shapes do not fit together, or there are no samples.
    """
    x, values, groups = _checked(samples, variance, hallucinated, 1)
    figure = new_figure(_headline(values, groups))
    axes = figure.add_subplot()
    is_shown = np.isfinite(values) & (values > 0)
    for (name, part), colour in zip(groups.items(), _colours(groups), strict=True):
        rows = np.flatnonzero(part & is_shown)[:max_points]
        size = dot_size(len(rows))
        axes.plot(x[rows, 0], values[rows], ".", color=colour, markersize=size, markeredgewidth=0, alpha=0.7)
        axes.plot([], [], ".", color=colour, markersize=8, label=f"{name}, n = {int(part.sum()):,}")
    if not is_shown.any():
        note(axes, "no variance above 0")
    axes.set_yscale("log")
    num_left_out = int((~is_shown).sum())
    axes.set_xlabel("x (data units)" + (f"; {num_left_out:,} without a variance above 0" if num_left_out else ""))
    axes.set_ylabel(f"variance, {window_label}\n(model units squared)")
    tidy(axes)
    legend_below(figure)
    return figure


def variance_in_plane(
    samples: Tensor, variance: Tensor, window_label: str, hallucinated: Tensor | None = None, *, max_points: int = 5_000
) -> Figure:
    """Draw 2D samples coloured by their trajectory variance on one logarithmic scale, one panel per verdict.

    Samples of highest variance are on top. Only the first ``max_points`` samples of each verdict are drawn. Samples far
    outside are counted under the axes and not drawn.

    Args:
        samples: (N, 2), data units.
        variance: (N,), model units squared.
        window_label: Name of the window that the variance was taken over.
        hallucinated: (N,) bool; None if samples are not judged.
        max_points: Maximum number of drawn samples of each verdict.

    Raises:
        ConfigurationError: Shapes do not fit together, or there are no samples.
    """
    points, values, groups = _checked(samples, variance, hallucinated, 2)
    scale = _scale(values)
    figure = new_figure(_headline(values, groups), height=3.0 if len(groups) == 2 else 4.4)
    panels = figure.subplots(1, len(groups), sharex=True, sharey=True, squeeze=False)[0]
    _set_limits(panels[0], points)
    for axes, (name, part) in zip(panels, groups.items(), strict=True):
        _draw_panel(axes, points[part], values[part], scale, max_points)
        axes.set_title(f"{name}, n = {int(part.sum()):,}", fontsize=9, loc="left")
    bar = figure.colorbar(ScalarMappable(scale, COLOURS), ax=panels, pad=0.02, shrink=0.9, extend="both")
    bar.set_label(f"variance, {window_label} (model units squared)", fontsize=8)
    bar.ax.tick_params(which="both", labelsize=7, color=GUIDE)
    return figure


def _checked(
    samples: Tensor, variance: Tensor, hallucinated: Tensor | None, dimension: int
) -> tuple[NDArray[np.floating], NDArray[np.floating], Groups]:
    """Samples (N, d), variances (N,), and the samples of each group, (N,) bool by name."""
    number = len(samples)
    others = [tuple(each.shape) for each in (variance, hallucinated) if each is not None]
    if samples.shape[1:] != (dimension,) or number == 0 or any(shape != (number,) for shape in others):
        raise ConfigurationError(
            f"expected samples of shape (N, {dimension}) with N >= 1, and a variance and a verdict for each, got "
            f"{tuple(samples.shape)} and {', '.join(map(str, others))}; pass those of the same samples"
        )
    points, values = (each.detach().cpu().double().numpy() for each in (samples, variance))
    if hallucinated is None:
        return points, values, {"generated": np.ones(number, bool)}
    bad = hallucinated.cpu().numpy()
    return points, values, dict(zip(BY_VERDICT.names, (~bad, bad), strict=True))


def _colours(groups: Groups) -> tuple[str, ...]:
    return BY_VERDICT.colours if len(groups) == 2 else (UNJUDGED,)


def _headline(values: NDArray[np.floating], groups: Groups) -> str:
    """The median variance of each group, in words."""
    medians = {name: float(np.median(values[part])) if part.any() else np.nan for name, part in groups.items()}
    return f"median variance: {', '.join(f'{name} {power(median)}' for name, median in medians.items())}"


def _scale(values: NDArray[np.floating]) -> LogNorm:
    seen = values[np.isfinite(values) & (values > 0)]
    low, high = np.quantile(seen, [0.01, 0.995]) if seen.size else (0.1, 1.0)
    return LogNorm(*at_least_a_decade(low, high), clip=True)


def _set_limits(axes: Axes, points: NDArray[np.floating]) -> None:
    low, high = np.quantile(points, SHOWN, axis=0)
    half = 0.6 * float((high - low).max()) or 1.0
    x, y = (low + high) / 2
    axes.set_xlim(x - half, x + half)
    axes.set_ylim(y - half, y + half)


def _draw_panel(
    axes: Axes, points: NDArray[np.floating], values: NDArray[np.floating], scale: LogNorm, max_points: int
) -> None:
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    num_outside = int((~((points >= [left, bottom]) & (points <= [right, top])).all(1)).sum())
    first, shades = points[:max_points], np.nan_to_num(values[:max_points], nan=np.inf)
    order = np.argsort(shades)
    shown = np.clip(shades, scale.vmin, scale.vmax)[order]
    x, y = first[order].T
    axes.scatter(x, y, c=shown, cmap=COLOURS, norm=scale, s=dot_size(len(first)) ** 2 / 1.5, linewidths=0)
    axes.set_aspect("equal")
    axes.set_xlabel(lie_outside(num_outside))
    tidy(axes)
    if not len(points):
        note(axes, "none")
