"""Stores of samples as the panels of figures."""

import shutil
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor

from lightning_modeinterp.figures import DensityPanel, PlaneSamples, variance_histogram
from lightning_modeinterp.metrics.functional import count_variance_bins, variance_bin_edges
from lightning_modeinterp.reproduction.measures import gaussian_data_of
from lightning_modeinterp.reproduction.sample_set import SampleSet
from lightning_modeinterp.sample_store import SampleStore


def line_panel(store: SampleStore) -> DensityPanel:
    """Samples on a line beside the true density."""
    mixture = gaussian_data_of(store).mixture
    return DensityPanel(**_judged(store), log_density=mixture.log_density, means=mixture.means)


def plane_panel(name: str, store: SampleStore) -> PlaneSamples:
    """Samples in the plane beside the training data."""
    data = gaussian_data_of(store)
    return PlaneSamples(name, data.to_data_units(data.make_dataset("train").samples), **_judged(store))


def figure_of_test(run: Path, name: str, copy: Path) -> Path:
    """Copy a figure that `modeinterp test` drew into a run directory."""
    return Path(shutil.copy(run / "figures" / f"{name}.png", copy))


def _judged(store: SampleStore) -> dict[str, Any]:
    found = SampleSet.read(store)
    ambiguous = ~(found.hallucinated | found.in_support)
    return {"samples": found.samples, "hallucinated": found.hallucinated, "ambiguous": ambiguous}


def variance_figure(scores: Tensor, hallucinated: Tensor, threshold: float, window: str) -> Figure:
    """Histograms of the variance of either class, (N,)."""
    in_support, invented = count_variance_bins(scores[:, None], hallucinated.long(), num_groups=2)[0]
    edges = torch.cat([torch.zeros(1), variance_bin_edges()])
    return variance_histogram(edges, in_support, invented, threshold, window)
