"""Stores of samples as the panels of figures."""

import shutil
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor

from lightning_modeinterp.figures import DensityPanel, PlaneSamples, variance_histogram
from lightning_modeinterp.judged_samples import JudgedSamples
from lightning_modeinterp.metrics.functional import variance_bin_edges
from lightning_modeinterp.reproduction.measures import gaussian_data_of
from lightning_modeinterp.runs import CachedRuns, Draw
from lightning_modeinterp.sample_store import SampleStore
from lightning_modeinterp.threshold import Threshold


def line_panel(runs: CachedRuns, draw: Draw) -> DensityPanel:
    """1D samples beside the true density."""
    mixture = gaussian_data_of(runs, draw).mixture
    return DensityPanel(**_judged(runs.samples(draw)), log_density=mixture.log_density, means=mixture.means)


def plane_panel(name: str, runs: CachedRuns, draw: Draw) -> PlaneSamples:
    """2D samples beside the training data."""
    data = gaussian_data_of(runs, draw)
    return PlaneSamples(name, data.to_data_units(data.make_dataset("train").samples), **_judged(runs.samples(draw)))


def figure_of_test(run: str | Path, name: str, copy: str | Path) -> Path:
    """Copy a figure that `modeinterp test` drew into a run directory."""
    return Path(shutil.copy(Path(run) / "figures" / f"{name}.png", copy))


def _judged(store: SampleStore) -> dict[str, Any]:
    found = JudgedSamples.of(store)
    return {"samples": found.samples, "hallucinated": found.hallucinated, "ambiguous": found.ambiguous}


def variance_figure(scores: Tensor, hallucinated: Tensor, threshold: Threshold, window: str) -> Figure:
    """Histograms of the variance per class, (N,); the threshold is a bin edge, so the shares above it are exact."""
    at = torch.tensor([threshold.value], dtype=torch.float64)
    edges = torch.unique(torch.cat([torch.zeros(1), variance_bin_edges(), at[at.isfinite() & (at > 0)]]))
    in_support, invented = (_counts(scores[which], edges) for which in (~hallucinated, hallucinated))
    return variance_histogram(edges, in_support, invented, threshold.value, window)


def _counts(values: Tensor, edges: Tensor) -> Tensor:
    """Counts per bin, without its lower edge and with its upper one; nan counts in the last."""
    bins = torch.searchsorted(edges[1:], values.to(edges.dtype)).clamp(max=len(edges) - 2)
    return torch.bincount(bins, minlength=len(edges) - 1)
