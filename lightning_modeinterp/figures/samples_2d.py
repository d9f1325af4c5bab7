"""Data beside generated samples in 2D; samples off the modes stand out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.captions import lie_outside, not_judged, percent, rate_with_interval
from lightning_modeinterp.figures.style import (
    AMBIGUOUS,
    DATA,
    HALLUCINATED,
    IN_SUPPORT,
    UNJUDGED,
    WIDTH,
    dot_size,
    legend_below,
    new_figure,
    tidy,
)

MAX_COLUMNS = 3


@dataclass(frozen=True)
class PlaneSamples:
    """One system in 2D.

    Args:
        name: Name of the system, such as ``grid``; shown above its column if there are several.
        data: (M, 2) true samples, data units.
        samples: (N, 2) generated samples, data units.
        hallucinated: (N,) bool; None if samples are not judged.
        ambiguous: (N,) bool, neither in support nor hallucinated; None if there are none.
    """

    name: str
    data: Tensor
    samples: Tensor
    hallucinated: Tensor | None
    ambiguous: Tensor | None = None


def samples_2d(systems: Sequence[PlaneSamples], *, max_points: int = 5_000) -> Figure:
    """Draw data and generated samples: side by side for one system, in one column per system for up to three.

    Four or more systems have one panel each, with samples drawn over data.

    Only the first ``max_points`` samples of each verdict are drawn, so hallucinations look more frequent than they are
    if the others exceed that number; rates and counts are those of all samples. Samples outside of the axes are counted
    under them and not drawn.

    Args:
        systems: At least one.
        max_points: Maximum number of points of the data, and of samples of each verdict.

    Raises:
        ConfigurationError: There is no system, its samples are not two-dimensional or there are none, or a verdict's
            shape is not (N,).

    References:
        Aithal et al., 2024 (arXiv:2406.09358), figure 5.
    """
    for system in systems:
        _check(system)
    if not systems:
        raise ConfigurationError("expected at least one system to draw, got none; pass samples of a model")
    figure = _many(systems, max_points) if len(systems) > MAX_COLUMNS else _few(systems, max_points)
    legend_below(figure)
    return figure


def _few(systems: Sequence[PlaneSamples], max_points: int) -> Figure:
    """Data beside samples, or above them."""
    is_alone = len(systems) == 1
    if is_alone:
        figure = new_figure(_headline(systems[0]), height=3.8)
        panels = figure.subplots(1, 2, sharex=True, sharey=True).reshape(2, 1)
    else:
        figure = new_figure("data above, generated samples below", height=1.0 + 2 * WIDTH / len(systems))
        panels = figure.subplots(2, len(systems), sharex="col", sharey="col")
    for (data, generated), system in zip(panels.T, systems, strict=True):
        _draw_data(data, system, max_points)
        _draw_samples(generated, system, max_points)
        data.set_title("data" if is_alone else system.name, fontsize=9, loc="left")
        generated.set_title("generated" if is_alone else _percent(system), fontsize=9, loc="left")
    return figure


def _many(systems: Sequence[PlaneSamples], max_points: int) -> Figure:
    """Samples over data, in rows."""
    num_rows = math.ceil(len(systems) / MAX_COLUMNS)
    figure = new_figure("generated samples over the data", height=0.8 + num_rows * (WIDTH / MAX_COLUMNS + 0.4))
    for i, system in enumerate(systems, 1):
        axes = figure.add_subplot(num_rows, MAX_COLUMNS, i)
        _draw_data(axes, system, max_points)
        _draw_samples(axes, system, max_points)
        axes.set_title(f"{system.name}\n{_percent(system)}", fontsize=8.5, loc="left")
    return figure


def _percent(system: PlaneSamples) -> str:
    bad = system.hallucinated
    return "not judged" if bad is None else f"hallucinated {percent(float(bad.double().mean()))}"


def _check(system: PlaneSamples) -> None:
    for name, points in (("data", system.data), ("samples", system.samples)):
        if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0:
            raise ConfigurationError(
                f"expected {name} of shape (N, 2) with N >= 1, got {tuple(points.shape)}; "
                "this figure is for two-dimensional data, pass two coordinates"
            )
    for verdict in (system.hallucinated, system.ambiguous):
        if verdict is not None and verdict.shape != system.samples.shape[:1]:
            raise ConfigurationError(
                f"expected verdicts of shape ({len(system.samples)},), got {tuple(verdict.shape)}; "
                "pass one verdict for each sample"
            )


def _headline(system: PlaneSamples) -> str:
    bad = system.hallucinated
    if bad is None:
        return not_judged(len(system.samples))
    return f"hallucinated {rate_with_interval(int(bad.sum()), len(bad))}"


def _draw_data(axes: Axes, system: PlaneSamples, max_points: int) -> None:
    points = system.data.detach().cpu().double().numpy()
    _dots(axes, points[:max_points], DATA, "data")
    low, high = points.min(0), points.max(0)
    centre, half = (low + high) / 2, 0.6 * (high - low).max()
    axes.set_xlim(centre[0] - half, centre[0] + half)
    axes.set_ylim(centre[1] - half, centre[1] + half)
    axes.set_aspect("equal")
    tidy(axes)


def _draw_samples(axes: Axes, system: PlaneSamples, max_points: int) -> None:
    points = system.samples.detach().cpu().double().numpy()
    for part, colour, name in _layers(system):
        if name != "ambiguous" or part.any():
            _dots(axes, points[part][:max_points], colour, name)
    axes.set_aspect("equal")
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    inside = (points >= [left, bottom]).all(1) & (points <= [right, top]).all(1)
    num_outside = int((~inside).sum())
    axes.set_xlabel(lie_outside(num_outside))
    tidy(axes)


def _layers(system: PlaneSamples) -> list[tuple[NDArray[np.bool_], str, str]]:
    """Which samples (N,) are drawn in which colour, the rarest last."""
    if system.hallucinated is None:
        return [(np.ones(len(system.samples), bool), UNJUDGED, "generated")]
    bad = system.hallucinated.cpu().numpy()
    unsure = np.zeros_like(bad) if system.ambiguous is None else system.ambiguous.cpu().numpy()
    in_support = (~(bad | unsure), IN_SUPPORT, "in support")
    return [in_support, (unsure, AMBIGUOUS, "ambiguous"), (bad, HALLUCINATED, "hallucinated")]


def _dots(axes: Axes, points: NDArray[np.floating], colour: str, name: str) -> None:
    """Draw points; the legend names each colour once, with a visible dot."""
    finite = points[np.isfinite(points).all(1)]
    axes.plot(
        finite[:, 0], finite[:, 1], ".", color=colour, markersize=dot_size(len(finite)), markeredgewidth=0, alpha=0.7
    )
    legends = [label for other in axes.figure.axes for label in other.get_legend_handles_labels()[1]]
    if name not in legends:
        axes.plot([], [], ".", color=colour, markersize=8, label=name)
