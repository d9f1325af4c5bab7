"""Log more than numbers: images, histograms, tables and the config of a run.

Each function dispatches on the class of the logger. CSV and unknown loggers show nothing; for a logger of your own, use
``log_image.register`` and the like. All are called on rank zero only.
"""

from collections.abc import Mapping, Sequence
from functools import singledispatch
from typing import Any

import numpy as np
from lightning.pytorch.loggers import Logger, TensorBoardLogger, WandbLogger
from numpy.typing import NDArray

Cell = float | int | str | NDArray[np.uint8]
"""Cell of a table: a number, text, or an image (H, W, 3)."""


@singledispatch
def log_image(logger: Logger, name: str, pixels: NDArray[np.uint8], step: int) -> None:
    """Log an image.

    Args:
        logger: Any logger.
        name: Name of the image, as for a metric.
        pixels: (H, W, 3) uint8, RGB.
        step: The optimiser step, from 0, as for scalars.
    """


@singledispatch
def log_histogram(logger: Logger, name: str, counts: NDArray[np.int64], edges: NDArray[np.floating], step: int) -> None:
    """Log a histogram.

    Args:
        logger: Any logger.
        name: Name of the histogram, as for a metric.
        counts: (B,), samples per bin.
        edges: (B + 1,), finite, increasing.
        step: The optimiser step, from 0.
    """


@singledispatch
def log_table(logger: Logger, name: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], step: int) -> None:
    """Log a table.

    Args:
        logger: Any logger.
        name: Name of the table, as for a metric.
        columns: Names of the columns.
        rows: Rows with one cell per column.
        step: The optimiser step, from 0.
    """


@singledispatch
def log_config(logger: Logger, config: Mapping[str, Any]) -> None:
    """Log the resolved config of a run.

    Args:
        logger: Any logger.
        config: Plain data.
    """


def shows_images(logger: Logger) -> bool:
    """Whether a logger shows images; no figures are drawn for others.

    Example:
        >>> from lightning.pytorch.loggers import CSVLogger
        >>> shows_images(CSVLogger("."))
        False
    """
    return log_image.dispatch(type(logger)) is not log_image.dispatch(object)


@log_image.register
def _image_to_wandb(logger: WandbLogger, name: str, pixels: NDArray[np.uint8], step: int) -> None:
    import wandb  # imported late: it takes a second

    logger.log_metrics({name: wandb.Image(pixels)}, step)  # type: ignore[dict-item]


@log_histogram.register
def _histogram_to_wandb(
    logger: WandbLogger, name: str, counts: NDArray[np.int64], edges: NDArray[np.floating], step: int
) -> None:
    import wandb

    histogram = wandb.Histogram(np_histogram=(counts.tolist(), edges.tolist()))
    logger.log_metrics({name: histogram}, step)  # type: ignore[dict-item]


@log_table.register
def _table_to_wandb(
    logger: WandbLogger, name: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], step: int
) -> None:
    import wandb

    data = [[wandb.Image(cell) if isinstance(cell, np.ndarray) else cell for cell in row] for row in rows]
    logger.log_metrics({name: wandb.Table(columns=list(columns), data=data)}, step)  # type: ignore[dict-item]


@log_config.register
def _config_to_wandb(logger: WandbLogger, config: Mapping[str, Any]) -> None:
    logger.log_hyperparams(dict(config))


@log_image.register
def _image_to_tensorboard(logger: TensorBoardLogger, name: str, pixels: NDArray[np.uint8], step: int) -> None:
    logger.experiment.add_image(name, pixels, step, dataformats="HWC")


@log_histogram.register
def _histogram_to_tensorboard(
    logger: TensorBoardLogger, name: str, counts: NDArray[np.int64], edges: NDArray[np.floating], step: int
) -> None:
    middles = (edges[:-1] + edges[1:]) / 2
    logger.experiment.add_histogram_raw(
        name,
        min=edges[0],
        max=edges[-1],
        num=counts.sum(),
        sum=(counts * middles).sum(),
        sum_squares=(counts * middles**2).sum(),
        bucket_limits=edges[1:].tolist(),
        bucket_counts=counts.tolist(),
        global_step=step,
    )


@log_table.register
def _table_to_tensorboard(
    logger: TensorBoardLogger, name: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], step: int
) -> None:
    cells = [["(image)" if isinstance(cell, np.ndarray) else f"{cell}" for cell in row] for row in rows]
    lines = [list(columns), ["---"] * len(columns), *cells]
    logger.experiment.add_text(name, "\n".join(f"| {' | '.join(line)} |" for line in lines), step)
