"""Trajectory variance during training: its distribution, and the samples with the highest."""

import math

import lightning as L
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lightning_modeinterp import figures
from lightning_modeinterp.callbacks.generated import GeneratedSamplesCallback, data_of, step_of
from lightning_modeinterp.callbacks.sample_table import sample_table
from lightning_modeinterp.loggers import log_histogram, log_table, shows_images
from lightning_modeinterp.metrics import HighestVariance, TrajectoryVarianceHistogram
from lightning_modeinterp.metrics.functional import variance_bin_edges
from lightning_modeinterp.metrics.functional.variance_bins import LOG10_HIGHEST, LOG10_LOWEST
from lightning_modeinterp.records import GeneratedBatch

NAME = "trajectory_variance"


class TrajectoryVarianceLogger(GeneratedSamplesCallback):
    """Log the distribution of the detecting window's trajectory variance, in validation and test.

    Scalars ``<stage>/trajectory_variance/<name>``: ``median``, ``q96``, ``highest``, and with an oracle
    ``in_support_median`` and ``hallucinated_median``; see `TrajectoryVarianceHistogram`. For loggers that show them
    (W&B, TensorBoard) histograms of log10 variance, ``in_support`` and ``hallucinated`` or ``samples`` without an
    oracle, and the table ``highest_variance``. All are over all processes and need no further samples.

    Args:
        num_samples: Rows of the table.
        num_bins: Maximum number of bins of a histogram, over the occupied range.
    """

    def __init__(self, num_samples: int = 16, num_bins: int = 64) -> None:
        self.num_samples = num_samples
        self.num_bins = num_bins

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Make the metrics for the detecting variance."""
        data = data_of(trainer)
        score = data.generation.score
        self.spread = TrajectoryVarianceHistogram(score, is_judged=data.support is not None)
        self.highest = HighestVariance(score, data.sample_shape, self.num_samples)

    def take(self, module: L.LightningModule, generated: GeneratedBatch) -> None:
        """Count the samples."""
        self.spread.to(module.device).update(generated)
        self.highest.to(module.device).update(generated)

    def on_validation_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Log the samples of the validation."""
        if data_of(trainer).generation.monitor.num_samples > 0:
            self._log(trainer, pl_module, "val")

    def on_test_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Log the samples of the test."""
        self._log(trainer, pl_module, "test")

    def _log(self, trainer: L.Trainer, module: L.LightningModule, stage: str) -> None:
        values = {**self.spread.compute(), **self.highest.compute()}
        module.log_dict({f"{stage}/{name}": value.item() for name, value in values.items()}, sync_dist=True)
        if any(map(shows_images, trainer.loggers)) and not trainer.sanity_checking:  # the same on every process
            self._show(trainer, stage)
        self.spread.reset()
        self.highest.reset()

    def _show(self, trainer: L.Trainer, stage: str) -> None:
        histograms, samples = self.spread.histograms(), self.highest.samples()  # all processes gather
        if not trainer.is_global_zero:
            return
        support = data_of(trainer).support
        columns, rows = sample_table(samples, support.kinds if support else None)
        for logger in trainer.loggers:
            for name, counts in histograms.items():
                log_histogram(logger, f"{stage}/{NAME}/{name}", *self._visible(counts), step_of(trainer))
            log_table(logger, f"{stage}/highest_variance", columns, rows, step_of(trainer))

    def _visible(self, counts: Tensor) -> tuple[NDArray[np.int64], NDArray[np.floating]]:
        """Counts (B,) and edges (B + 1,) in log10 variance, of a few bins over the occupied range."""
        edges, joined = figures.rebin(_log10_edges(), counts.numpy()[None], self.num_bins)
        return joined[0].astype(np.int64), edges


def _log10_edges() -> NDArray[np.floating]:
    """Edges of the fine bins in log10 variance; the open ones, from 0 and up to infinity, end a decade further."""
    finite = np.log10(variance_bin_edges()[:-1].double().numpy())
    return np.concatenate([[math.floor(LOG10_LOWEST) - 1], finite, [math.ceil(LOG10_HIGHEST) + 1]])
