"""Several 1D sample sets side by side, to compare the mass between the modes."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure
from torch import Tensor

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.figures.captions import rate_with_interval
from lightning_modeinterp.figures.density_histogram import draw_density
from lightning_modeinterp.figures.style import new_figure

PANEL_HEIGHT = 2.3


@dataclass(frozen=True)
class DensityPanel:
    """One sample set, with the arguments of `density_histogram`."""

    samples: Tensor
    hallucinated: Tensor
    log_density: Callable[[Tensor], Tensor]
    means: Tensor | Sequence[float]
    ambiguous: Tensor | None = None


def density_panels(panels: Mapping[str, DensityPanel], title: str, *, num_columns: int = 2) -> Figure:
    """Draw one `density_histogram` per panel, under its name and its rate of hallucinations.

    Args:
        panels: Sample sets by name, in reading order; at least one.
        title: What is compared, in one line.
        num_columns: Panels per row.

    Raises:
        ConfigurationError: There is no panel, or a sample set is not one-dimensional and judged.

    References:
        Aithal et al., 2024 (arXiv:2406.09358), figure 4.
    """
    if not panels:
        raise ConfigurationError("expected at least one panel to draw, got none")
    num_columns = min(num_columns, len(panels))
    num_rows = math.ceil(len(panels) / num_columns)
    figure = new_figure(title, height=PANEL_HEIGHT * num_rows + 0.6)
    for i, (name, panel) in enumerate(panels.items()):
        axes = figure.add_subplot(num_rows, num_columns, i + 1)
        draw_density(axes, panel.samples, panel.hallucinated, panel.log_density, panel.means, panel.ambiguous)
        rate = rate_with_interval(int(panel.hallucinated.sum()), len(panel.samples))
        axes.set_title(f"{name}\nhallucinated {rate}", fontsize=7, loc="left")
        axes.xaxis.label.set_fontsize(8)
        axes.yaxis.label.set_visible(i % num_columns == 0)
    _legend_once(figure)
    return figure


def _legend_once(figure: Figure) -> None:
    """One legend for all panels; counts are in the titles."""
    first: dict[str, Any] = {}
    for axes in figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            first.setdefault(label.split(",")[0], handle)
    figure.legend(
        list(first.values()), list(first), loc="outside lower center", ncols=len(first), fontsize=8, frameon=False
    )
