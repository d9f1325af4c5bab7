"""The predicted clean sample at the end of sampling: settled in support, still moving for hallucinations."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.style import BY_VERDICT, GUIDE, Sides, legend_below, new_figure, note, tidy


def predicted_trajectories(
    x_0_hat: Tensor,
    hallucinated: Tensor,
    steps_left: Tensor | Sequence[int],
    window: tuple[int, int] | None = None,
    *,
    num_last_steps: int = 200,
    sides: Sides = BY_VERDICT,
) -> Figure:
    """Draw the predicted x0 over the last reverse steps, one panel per verdict, on a shared scale.

    For one-dimensional samples the prediction itself is drawn, for others its distance from its last value
    (`predicted_paths` draws 2D samples in the plane). Early predictions explode, since ``x_0_hat = (x_t - sigma
    eps_hat) / alpha`` has a tiny alpha. So the scale follows the end of the trajectories, and their beginning may leave
    the axes.

    Args:
        x_0_hat: Predicted clean samples from the first to the last recorded step, (S, N, *sample_shape), model units.
        hallucinated: (N,) bool, or any mask of the second side. All others are drawn as in support: leave ambiguous
            samples out.
        steps_left: (S,) integers, steps left after each recorded one: decreasing, 0 after the last.
        window: Ends of the detection window as steps left, both inclusive: ``(0, 9)`` is the last ten steps.
        num_last_steps: Number of last steps to show.
        sides: The two panels.

    Raises:
        ConfigurationError: Shapes do not fit together, steps do not decrease, or fewer than two are left to draw.
    """
    steps, bad = np.asarray(steps_left), hallucinated.cpu().numpy()
    check_trajectories(x_0_hat, bad, steps, num_last_steps)
    values = finite(x_0_hat)
    title = variance_title(values, bad, steps, window, sides)  # over the whole window, shown or not
    values, steps = values[steps < num_last_steps], steps[steps < num_last_steps]
    curves = values[..., 0] if values.shape[2] == 1 else np.linalg.norm(values - values[-1], axis=2)

    figure = new_figure(title)
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    for axes, part, colour, name in zip(panels, (~bad, bad), sides.colours, sides.names, strict=True):
        _draw_panel(axes, steps, curves[:, part], colour, name)
    if window is not None:
        for axes, label in zip(panels, ("detection window", None), strict=True):
            axes.axvspan(max(window), min(window), color=GUIDE, alpha=0.15, linewidth=0, label=label)
        legend_below(figure)
    panels[0].set_ylabel(_value_label(values.shape[2]))
    panels[0].set_xlim(steps[0], steps[-1])
    low, high = _robust_limits(curves, steps, window)
    panels[0].set_ylim(low if values.shape[2] == 1 else 0.0, high)
    return figure


def check_trajectories(
    x_0_hat: Tensor, hallucinated: NDArray[np.bool_], steps: NDArray[np.integer], num_last_steps: int
) -> None:
    """Refuse trajectories, verdicts and steps that do not fit together; see `predicted_trajectories`.

    Raises:
        ConfigurationError: If they do not.
    """
    expected = (len(steps), len(hallucinated))
    if x_0_hat.ndim < 3 or x_0_hat.shape[:2] != expected or len(hallucinated) == 0:
        raise ConfigurationError(
            f"expected x_0_hat of shape (S, N, ...) with (S, N) = {expected} and N >= 1, got {tuple(x_0_hat.shape)}; "
            "put steps first, samples second, and record at least one sample"
        )
    if not (np.diff(steps) < 0).all() or (steps < num_last_steps).sum() < 2:
        raise ConfigurationError(
            f"expected decreasing steps_left, with two or more below {num_last_steps}, got {steps.tolist()[:3]} ... of "
            f"{len(steps)}; order the record from the first step to the last, or show more steps"
        )


def finite(x_0_hat: Tensor) -> NDArray[np.floating]:
    """Turn (S, N, *sample_shape) into (S, N, d) with NaN, which is not drawn, for diverged values."""
    values = x_0_hat.detach().cpu().double().flatten(2).numpy()
    return np.where(np.isfinite(values), values, np.nan)


def in_window(steps: NDArray[np.integer], window: tuple[int, int]) -> NDArray[np.bool_]:
    """Which of the steps are in the window, (S,) bool."""
    return np.asarray((steps >= min(window)) & (steps <= max(window)))


def variance_title(
    values: NDArray[np.floating],
    hallucinated: NDArray[np.bool_],
    steps: NDArray[np.integer],
    window: tuple[int, int] | None,
    sides: Sides,
) -> str:
    """The median variance of each side over the window, which the detector compares."""
    if window is None or not in_window(steps, window).any():
        return f"of {len(hallucinated):,} recorded trajectories {int(hallucinated.sum()):,}: {sides.names[1]}"
    variance = values[in_window(steps, window)].var(axis=0).mean(axis=1)
    medians = [_median(variance[part]) for part in (~hallucinated, hallucinated)]
    named = ", ".join(f"{name} {median}" for name, median in zip(sides.names, medians, strict=True))
    return f"median variance in the window: {named}"


def _median(variance: NDArray[np.floating]) -> str:
    return f"{np.median(variance):.1e}" if len(variance) else "n/a"


def _value_label(dimension: int) -> str:
    if dimension == 1:
        return r"predicted $\hat{x}_0$ (model units)"
    return r"distance to the last $\hat{x}_0$ (model units)"


def _draw_panel(axes: Axes, steps: NDArray[np.integer], curves: NDArray[np.floating], colour: str, name: str) -> None:
    num_curves = curves.shape[1]
    lines = [np.column_stack([steps, curve]) for curve in curves.T]
    opacity = float(np.clip(10 / max(num_curves, 1), 0.2, 0.9))  # many lines stay readable where they overlap
    axes.add_collection(LineCollection(lines, colors=colour, linewidths=0.9, alpha=opacity))
    if num_curves == 0:
        note(axes, "none recorded")
    axes.set_title(f"{name}, n = {num_curves:,}", fontsize=9, color=colour, loc="left")
    axes.set_xlabel("reverse steps left")
    tidy(axes)


def _robust_limits(
    curves: NDArray[np.floating], steps: NDArray[np.integer], window: tuple[int, int] | None
) -> tuple[float, float]:
    """Follow the movement in the window and in the last tenth of what is shown, with a margin."""
    ending = steps <= steps[-1] + (steps[0] - steps[-1]) / 10
    settled = curves[ending if window is None else ending | in_window(steps, window)]
    settled = settled[np.isfinite(settled)]
    low, high = np.quantile(settled, [0.005, 0.995]) if settled.size else (0.0, 1.0)
    margin = 0.25 * (high - low) or 1.0
    return float(low - margin), float(high + margin)
