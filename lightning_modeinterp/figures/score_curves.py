"""The learned and the true score in 1D: between two modes the true one jumps, a network's does not."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.captions import ratio
from lightning_modeinterp.figures.style import GUIDE, LEARNED, TRUE_DENSITY, legend_below, new_figure, tidy

PANEL_HEIGHT = 1.9
"""Inches."""


@dataclass(frozen=True)
class ScoreCurve:
    """The score over x at one noise level.

    Args:
        x: (N,) noised values, increasing, model units.
        learned: (N,) score of the model there, 1 / model units.
        true: (N,) true score there, 1 / model units.
        modes: (K,) centres of the noised modes, model units.
        slope_ratio: Largest slope of the learned score between neighbouring modes over that of the true one.
    """

    x: Tensor
    learned: Tensor
    true: Tensor
    modes: Tensor
    slope_ratio: float


def score_curves(curves: Mapping[str, ScoreCurve]) -> Figure:
    """Draw the learned and the true score over x, one panel per noise level.

    The scale follows the true score: where the learned one explodes it leaves the axes. At low noise hardly any noised
    sample lies between modes, so a network learns little about the score there.

    Args:
        curves: Curves by name of the noise level, the lowest level first.

    Raises:
        ConfigurationError: There is no level, or x, learned and true differ in shape.

    References:
        Aithal et al., 2024 (arXiv:2406.09358), figure 5.
    """
    _check(curves)
    num_columns = len(curves) if len(curves) <= 3 else 2
    num_rows = math.ceil(len(curves) / num_columns)
    figure = new_figure("slope of the score between modes, learned over true", height=0.9 + PANEL_HEIGHT * num_rows)
    panels = figure.subplots(num_rows, num_columns, squeeze=False).ravel().tolist()
    for axes, (name, curve) in zip(panels, curves.items(), strict=False):
        _draw(axes, curve, is_labelled=axes is panels[0])
        axes.set_title(f"noise {name}: {ratio(curve.slope_ratio)}", fontsize=9, loc="left")
    for axes in panels[len(curves) :]:
        axes.remove()
    figure.supylabel("score (1 / model unit)", fontsize=9)
    legend_below(figure)
    return figure


def _check(curves: Mapping[str, ScoreCurve]) -> None:
    if not curves:
        raise ConfigurationError("expected at least one noise level, got none; the schedule has to reach it")
    for name, curve in curves.items():
        shapes = {tuple(values.shape) for values in (curve.x, curve.learned, curve.true)}
        if len(shapes) > 1 or curve.x.ndim != 1:
            raise ConfigurationError(
                f"expected x, learned and true of one shape (N,) at {name}, got {sorted(shapes)}; this figure is for "
                "one-dimensional data, pass one coordinate"
            )


def _draw(axes: Axes, curve: ScoreCurve, is_labelled: bool) -> None:
    x, learned, true = (values.detach().cpu().double().numpy() for values in (curve.x, curve.learned, curve.true))
    names = ("true score", "learned score", "modes") if is_labelled else (None, None, None)
    axes.plot(x, true, color=TRUE_DENSITY, linewidth=1.2, label=names[0])
    axes.plot(x, np.where(np.isfinite(learned), learned, np.nan), color=LEARNED, linewidth=1.4, label=names[1])
    for mode in curve.modes.tolist():
        axes.axvline(mode, color=GUIDE, linestyle=":", linewidth=1.0, label=names[2], zorder=1)
        names = (None, None, None)
    axes.axhline(0, color=GUIDE, linewidth=0.6, zorder=1)
    limit = 1.25 * float(np.abs(true).max())
    axes.set_ylim(-limit, limit)
    axes.set_xlim(x[0], x[-1])
    axes.set_xlabel(r"$x_t$ (model units)")
    tidy(axes)
