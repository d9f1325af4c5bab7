"""Paths of the predicted clean sample in 2D: to one mode, or back and forth between two."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.predicted_trajectories import check_trajectories, finite, in_window, variance_title
from lightning_modeinterp.figures.style import BY_VERDICT, GUIDE, Sides, legend_below, new_figure, note, tidy


def predicted_paths(
    x_0_hat: Tensor,
    hallucinated: Tensor,
    steps_left: Tensor | Sequence[int],
    window: tuple[int, int] | None = None,
    means: Tensor | None = None,
    *,
    num_last_steps: int | None = None,
    sides: Sides = BY_VERDICT,
) -> Figure:
    """Draw the paths of the predicted x0 over the last reverse steps, one panel per verdict, on a shared scale.

    A thin line is the whole path, a thick one its part in the detection window, a dot its end. The scale
    follows the ends of the paths and the modes; early predictions may leave the axes.

    Args:
        x_0_hat: Predicted clean samples from the first to the last recorded step, (S, N, 2), model units.
        hallucinated: (N,) bool, or any mask of the second side. All others are drawn as in support: leave ambiguous
            samples out.
        steps_left: (S,) integers, steps left after each recorded one: decreasing, 0 after the last.
        window: Ends of the detection window as steps left, both inclusive: ``(0, 9)`` is the last ten steps.
        means: (K, 2) centres of the modes, model units; None if unknown.
        num_last_steps: Number of last steps to show. If None, 100, or twice the window if that is more.
        sides: The two panels.

    Raises:
        ConfigurationError: Samples are not two-dimensional, shapes do not fit together, steps do not decrease, or fewer
            than two are left to draw.

    References:
        Aithal et al., 2024 (arXiv:2406.09358), figure 7.
    """
    steps, bad = np.asarray(steps_left), hallucinated.cpu().numpy()
    if num_last_steps is None:
        num_last_steps = max(100, 2 * (window[1] + 1) if window else 0)
    check_trajectories(x_0_hat, bad, steps, num_last_steps)
    if x_0_hat.shape[2:] != (2,):
        raise ConfigurationError(
            f"expected x_0_hat of shape (S, N, 2), got {tuple(x_0_hat.shape)}; `predicted_trajectories` is for others"
        )
    values = finite(x_0_hat)
    title = variance_title(values, bad, steps, window, sides)  # over the whole window, shown or not
    values, steps = values[steps < num_last_steps], steps[steps < num_last_steps]
    centres = np.empty((0, 2)) if means is None else means.cpu().double().numpy()

    figure = new_figure(title)
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    marked = np.zeros(len(steps), bool) if window is None else in_window(steps, window)
    for axes, part, colour, name in zip(panels, (~bad, bad), sides.colours, sides.names, strict=True):
        _draw_modes(axes, centres, None if axes is panels[1] else "mode")
        _draw_paths(axes, values[:, part], marked, colour)
        axes.set_title(f"{name}, n = {int(part.sum()):,}", fontsize=9, color=colour, loc="left")
        axes.set_aspect("equal")
        tidy(axes)
    _set_limits(panels[0], np.concatenate([values[-1], centres]))
    panels[0].plot([], [], color=GUIDE, linewidth=0.7, alpha=0.6, label=f"last {len(steps)} steps")
    if marked.any():
        panels[0].plot([], [], color=GUIDE, linewidth=2.2, label="detection window")
    panels[0].plot([], [], "o", color=GUIDE, markersize=3.5, label="end")
    panels[0].set_ylabel(r"predicted $\hat{x}_0$ (model units)")
    legend_below(figure)
    return figure


def _draw_modes(axes: Axes, centres: NDArray[np.floating], label: str | None) -> None:
    if len(centres):
        axes.plot(centres[:, 0], centres[:, 1], "+", color=GUIDE, markersize=6, alpha=0.7, zorder=1, label=label)


def _draw_paths(axes: Axes, values: NDArray[np.floating], marked: NDArray[np.bool_], colour: str) -> None:
    """Draw paths (S, N, 2) thin, their marked steps thick and their ends as dots."""
    if values.shape[1] == 0:
        note(axes, "none recorded")
        return
    axes.add_collection(LineCollection(list(values.swapaxes(0, 1)), colors=colour, linewidths=0.6, alpha=0.35))
    thick = list(values[marked].swapaxes(0, 1))
    axes.add_collection(LineCollection(thick, colors=colour, linewidths=2.2, capstyle="round"))
    axes.plot(values[-1, :, 0], values[-1, :, 1], "o", color=colour, markersize=3.5, markeredgewidth=0)


def _set_limits(axes: Axes, points: NDArray[np.floating]) -> None:
    """Show the modes and nearly all ends; a path that diverged may leave the axes."""
    seen = points[np.isfinite(points).all(1)]
    low, high = np.quantile(seen, [0.01, 0.99], axis=0) if len(seen) else (np.zeros(2), np.ones(2))
    margin = 0.12 * (high - low).max() or 1.0
    axes.set_xlim(low[0] - margin, high[0] + margin)
    axes.set_ylim(low[1] - margin, high[1] + margin)
