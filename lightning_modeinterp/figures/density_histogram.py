"""Histogram of 1D samples with the true density, which shows the mass between the modes."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.captions import lie_outside, rate_with_interval
from lightning_modeinterp.figures.style import (
    AMBIGUOUS,
    HALLUCINATED,
    IN_SUPPORT,
    TRUE_DENSITY,
    legend_below,
    new_figure,
    tidy,
)

NUM_CURVE_POINTS = 2000


def density_histogram(
    samples: Tensor,
    hallucinated: Tensor,
    log_density: Callable[[Tensor], Tensor],
    means: Tensor | Sequence[float],
    *,
    ambiguous: Tensor | None = None,
    num_bins: int = 200,
) -> Figure:
    """Draw the histogram of 1D samples on a logarithmic scale, with the true density as a line.

    In each bin the hallucinated mass is at the bottom, then the ambiguous and the in-support mass; the top of the
    stack is the density of all samples. The true density falls to 1e-80 between modes, so the axis ends at a tenth of
    the density of one sample. Samples more than one mode spacing outside the modes are counted in the axis label and
    not drawn.

    Args:
        samples: Generated samples, (N,) or (N, 1), data units.
        hallucinated: (N,) bool.
        log_density: Maps points (M, 1) in data units to the true log density (M,), natural logarithm.
        means: Means of the modes, (K,) or (K, 1), data units.
        ambiguous: (N,) bool, neither in support nor hallucinated; None if there are none.
        num_bins: Bins over the visible range; they should be narrower than a mode.

    Raises:
        ConfigurationError: The samples are not one-dimensional, there are none, or a verdict's shape is not (N,).

    References:
        Aithal et al., 2024 (arXiv:2406.09358), figure 4.
    """
    figure = new_figure(f"hallucinated {rate_with_interval(int(hallucinated.sum()), max(len(samples), 1))}")
    draw_density(figure.add_subplot(), samples, hallucinated, log_density, means, ambiguous, num_bins)
    legend_below(figure)
    return figure


def draw_density(
    axes: Axes,
    samples: Tensor,
    hallucinated: Tensor,
    log_density: Callable[[Tensor], Tensor],
    means: Tensor | Sequence[float],
    ambiguous: Tensor | None = None,
    num_bins: int = 200,
) -> None:
    """Draw `density_histogram` on given axes, without a legend; the arguments are the same."""
    values = _flat(samples)
    is_ambiguous = torch.zeros_like(hallucinated) if ambiguous is None else ambiguous
    _check_verdicts(values, hallucinated, is_ambiguous)
    x, bad, unsure = (tensor.detach().cpu().numpy() for tensor in (values, hallucinated, is_ambiguous))
    edges = np.linspace(*_visible_range(x, np.asarray(means, dtype=float).ravel()), num_bins + 1)
    top = max(draw_stack(axes, x, by_verdict(bad, unsure), edges), _draw_truth(axes, log_density, edges, values.dtype))
    axes.set_yscale("log", nonpositive="clip")
    axes.set_ylim(0.1 * density_of_one(len(x), edges), 3 * top)
    axes.set_xlim(edges[0], edges[-1])
    num_outside = int((~((x >= edges[0]) & (x <= edges[-1]))).sum())
    axes.set_xlabel("; ".join(filter(None, ("x (data units)", lie_outside(num_outside)))))
    axes.set_ylabel("density (1 / data unit)")
    tidy(axes)


def _flat(samples: Tensor) -> Tensor:
    if samples.numel() == 0 or samples.ndim > 2 or samples.shape[1:] not in ((), (1,)):
        raise ConfigurationError(
            f"expected samples of shape (N,) or (N, 1) with N >= 1, got {tuple(samples.shape)}; "
            "this figure is for one-dimensional data, pass one coordinate"
        )
    return samples.flatten()


def _check_verdicts(values: Tensor, *verdicts: Tensor) -> None:
    for verdict in verdicts:
        if verdict.shape != values.shape or verdict.dtype != torch.bool:
            raise ConfigurationError(
                f"expected verdicts as bool of shape {tuple(values.shape)}, got {verdict.dtype} of shape "
                f"{tuple(verdict.shape)}; pass one verdict for each sample"
            )


def _visible_range(x: NDArray[np.floating], means: NDArray[np.floating]) -> tuple[float, float]:
    """Half a mode spacing around the modes, or up to a whole one if there are samples."""
    centres = np.unique(means)
    spacing = float(np.diff(centres).min()) if len(centres) > 1 else 1.0
    low, high = float(centres[0]), float(centres[-1])
    near = x[(x >= low - spacing) & (x <= high + spacing)]
    return float(near.min(initial=low - spacing / 2)), float(near.max(initial=high + spacing / 2))


def density_of_one(num_samples: int, edges: NDArray[np.floating]) -> float:
    """The density of one of ``num_samples`` in its bin."""
    return 1 / (num_samples * float(edges[1] - edges[0]))


Layer = tuple[NDArray[np.bool_], str, float, str]
"""Samples (N,) bool, their colour, opacity and name."""


def by_verdict(hallucinated: NDArray[np.bool_], ambiguous: NDArray[np.bool_]) -> list[Layer]:
    """One layer per verdict, from the bottom up; no ambiguous one if there are none."""
    layers = [
        (hallucinated, HALLUCINATED, 1.0, "hallucinated"),
        (ambiguous, AMBIGUOUS, 1.0, "ambiguous"),
        (~(hallucinated | ambiguous), IN_SUPPORT, 0.65, "in support"),
    ]
    return [layer for layer in layers if layer[3] != "ambiguous" or ambiguous.any()]


def draw_stack(axes: Axes, x: NDArray[np.floating], layers: Iterable[Layer], edges: NDArray[np.floating]) -> float:
    """Draw the density of samples (N,) by layers, each on top of the one before; return the height of the stack."""
    below = np.zeros(len(edges) - 1)
    for part, colour, alpha, name in layers:
        above = below + np.histogram(x[part], edges)[0] * density_of_one(len(x), edges)
        label = f"{name}, n = {int(part.sum()):,}"
        axes.stairs(above, edges, baseline=below, fill=True, color=colour, alpha=alpha, linewidth=0, label=label)
        below = above
    return float(below.max())


def _draw_truth(
    axes: Axes, log_density: Callable[[Tensor], Tensor], edges: NDArray[np.floating], dtype: torch.dtype
) -> float:
    grid = torch.linspace(float(edges[0]), float(edges[-1]), NUM_CURVE_POINTS, dtype=dtype)
    with torch.no_grad():
        density = log_density(grid[:, None]).exp().cpu().numpy()
    axes.plot(grid.numpy(), density, color=TRUE_DENSITY, linewidth=1.2, label="true density")
    return float(density.max())
