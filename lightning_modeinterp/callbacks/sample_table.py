"""Samples as rows of a table for loggers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lightning_modeinterp.loggers.media import Cell
from lightning_modeinterp.metrics import HighestSamples

MAX_VALUES = 8
"""Samples with more values are not written out."""


def sample_table(samples: HighestSamples, kinds: Sequence[str] | None) -> tuple[list[str], list[list[Cell]]]:
    """Make a table of samples: their index in the set, variance, verdict, and a thumbnail or their values.

    Args:
        samples: The samples, in data units.
        kinds: Names of the oracle's kinds; None if samples are not judged, which leaves out that column.

    Returns:
        Names of the columns, and the rows.

    Example:
        >>> import torch
        >>> one = HighestSamples(torch.tensor([0.25]), torch.tensor([7]), torch.tensor([2]), torch.tensor([[1.5]]))
        >>> sample_table(one, ("in_support", "ambiguous", "interpolated"))
        (['index', 'trajectory_variance', 'verdict', 'x_0'], [[7, 0.25, 'interpolated', 1.5]])
    """
    names, values = _shown(samples.samples)
    columns = ["index", "trajectory_variance", *([] if kinds is None else ["verdict"]), *names]
    rows: list[list[Cell]] = []
    for i, (index, variance, kind) in enumerate(
        zip(samples.index.tolist(), samples.variance.tolist(), samples.kind.tolist(), strict=True)
    ):
        rows.append([index, variance, *([] if kinds is None else [kinds[kind]]), *values[i]])
    return columns, rows


def _shown(samples: Tensor) -> tuple[list[str], list[list[Cell]]]:
    if samples.ndim == 4 and samples.shape[1] in (1, 3):
        return ["sample"], [[_thumbnail(image)] for image in samples]
    values = samples.flatten(1)
    num_values = values.shape[1] if values.shape[1] <= MAX_VALUES else 0
    return [f"x_{i}" for i in range(num_values)], values[:, :num_values].tolist()


def _thumbnail(image: Tensor) -> NDArray[np.uint8]:
    """Image (C, H, W) as pixels (H, W, 3), from its darkest value to its brightest."""
    low, high = image.min(), image.max()
    grey = ((image - low) / (high - low).clamp(min=1e-12) * 255).round().byte()
    return grey.expand(3, -1, -1).permute(1, 2, 0).numpy()
