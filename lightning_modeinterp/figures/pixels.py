"""A figure as an image in memory, for loggers that show it."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray


def pixels(figure: Figure) -> NDArray[np.uint8]:
    """Draw a figure.

    Args:
        figure: Any matplotlib figure.

    Returns:
        (H, W, 3) uint8, RGB, at the figure's own resolution.

    Example:
        >>> pixels(Figure(figsize=(3, 2), dpi=100)).shape
        (200, 300, 3)
    """
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()  # type: ignore[no-untyped-call]
