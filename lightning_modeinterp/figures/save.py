"""Write a figure so that no reader sees a partial file."""

import os
import tempfile
from pathlib import Path

from matplotlib.figure import Figure

from lightning_modeinterp.errors import ConfigurationError

DPI = 150


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Write a figure as PNG, under a temporary name first; missing folders are created.

    A file at ``path`` is replaced once the new one is complete, and kept if drawing fails.

    Args:
        figure: Any matplotlib figure.
        path: Output file, ending in ``.png``.

    Returns:
        ``path``.

    Raises:
        ConfigurationError: ``path`` does not end in ``.png``.
    """
    path = Path(path)
    if path.suffix != ".png":
        raise ConfigurationError(f"expected a figure path that ends in .png, got {path}; rename it")
    path.parent.mkdir(parents=True, exist_ok=True)
    # a folder of its own, not mkstemp: the file then gets the permissions that the user's umask gives
    with tempfile.TemporaryDirectory(prefix=f".{path.stem}-", dir=path.parent) as aside:
        complete = Path(aside) / path.name
        figure.savefig(complete, format="png", dpi=DPI)
        os.replace(complete, path)
    return path
