"""Data and generated samples in 1D, for data whose true density is not known."""

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.captions import lie_outside, not_judged, rate_with_interval
from lightning_modeinterp.figures.density_histogram import Layer, by_verdict, density_of_one, draw_stack
from lightning_modeinterp.figures.style import TRUE_DENSITY, UNJUDGED, legend_below, new_figure, tidy

MARGIN = 0.2
"""Visible margin on either side of the data, as a share of their extent."""


def samples_1d(
    data: Tensor,
    samples: Tensor,
    hallucinated: Tensor | None = None,
    ambiguous: Tensor | None = None,
    *,
    num_bins: int = 100,
) -> Figure:
    """Draw the histogram of 1D samples on a logarithmic scale, with that of data as a line; both are densities.

    With verdicts, the hallucinated mass is at the bottom of each bin; the top of the stack is all samples. Samples
    further outside than a fifth of the data's extent are counted in the axis label and not drawn.

    Args:
        data: (M,) or (M, 1) true samples, data units, M >= 1.
        samples: (N,) or (N, 1) generated samples, data units, N >= 1.
        hallucinated: (N,) bool; None if samples are not judged.
        ambiguous: (N,) bool, neither in support nor hallucinated; None if there are none.
        num_bins: Bins over the visible range.

    Raises:
        ConfigurationError: The samples or data are not one-dimensional, there are none, or a verdict's shape is not
            (N,).
    """
    truth, x = _flat("data", data), _flat("samples", samples)
    layers = _layers(len(x), hallucinated, ambiguous)
    low, high = float(truth.min()), float(truth.max())
    margin = MARGIN * (high - low) or 1.0
    edges = np.linspace(low - margin, high + margin, num_bins + 1)
    is_inside = (x >= edges[0]) & (x <= edges[-1])

    bad = hallucinated
    headline = not_judged(len(x)) if bad is None else f"hallucinated {rate_with_interval(int(bad.sum()), len(x))}"
    figure = new_figure(headline)
    axes = figure.add_subplot()
    top = draw_stack(axes, x, layers, edges)
    density = np.histogram(truth, edges)[0] * density_of_one(len(truth), edges)
    axes.stairs(density, edges, color=TRUE_DENSITY, linewidth=1.2, label=f"data, n = {len(truth):,}")
    axes.set_yscale("log", nonpositive="clip")
    axes.set_ylim(0.1 * density_of_one(max(len(x), len(truth)), edges), 3 * max(top, float(density.max())))
    axes.set_xlim(edges[0], edges[-1])
    num_outside = int((~is_inside).sum())
    axes.set_xlabel("; ".join(filter(None, ("x (data units)", lie_outside(num_outside)))))
    axes.set_ylabel("density (1 / data unit)")
    tidy(axes)
    legend_below(figure)
    return figure


def _flat(name: str, samples: Tensor) -> NDArray[np.floating]:
    if samples.numel() == 0 or samples.ndim > 2 or samples.shape[1:] not in ((), (1,)):
        raise ConfigurationError(
            f"expected {name} of shape (N,) or (N, 1) with N >= 1, got {tuple(samples.shape)}; "
            "this figure is for one-dimensional data, pass one coordinate"
        )
    return samples.detach().cpu().double().flatten().numpy()


def _layers(num_samples: int, hallucinated: Tensor | None, ambiguous: Tensor | None) -> list[Layer]:
    for verdict in (hallucinated, ambiguous):
        if verdict is not None and verdict.shape != (num_samples,):
            raise ConfigurationError(
                f"expected verdicts of shape ({num_samples},), got {tuple(verdict.shape)}; "
                "pass one verdict for each sample"
            )
    if hallucinated is None:
        return [(np.ones(num_samples, bool), UNJUDGED, 0.65, "generated")]
    unsure = torch.zeros_like(hallucinated) if ambiguous is None else ambiguous
    return by_verdict(hallucinated.cpu().numpy(), unsure.cpu().numpy())
