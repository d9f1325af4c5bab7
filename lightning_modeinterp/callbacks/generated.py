"""Helpers for callbacks: the samples of a run, its data, and the step for its loggers."""

from abc import ABC, abstractmethod
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities import rank_zero_warn

from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.records import GeneratedBatch


class GeneratedSamplesCallback(Callback, ABC):
    """Receives the samples of validation and test. A subclass implements `take`."""

    @abstractmethod
    def take(self, module: L.LightningModule, generated: GeneratedBatch) -> None:
        """Receive one batch.

        Args:
            module: The model that drew it.
            generated: The samples, on the module's device.
        """

    def on_validation_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        *_: Any,
    ) -> None:
        """Pass on generated samples; batches of data have none."""
        if isinstance(outputs, GeneratedBatch):
            self.take(pl_module, outputs)

    def on_test_batch_end(self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, *_: Any) -> None:
        """See `on_validation_batch_end`."""
        self.on_validation_batch_end(trainer, pl_module, outputs)


def data_of(trainer: L.Trainer) -> ModeInterpDataModule:
    """The datamodule of a run.

    Raises:
        ConfigurationError: If it is not a `ModeInterpDataModule`.
    """
    data = getattr(trainer, "datamodule", None)
    if not isinstance(data, ModeInterpDataModule):
        raise ConfigurationError(
            "expected a run with a ModeInterpDataModule, which says what to generate and what a hallucination is, got "
            f"{type(data).__name__}"
        )
    return data


def step_of(trainer: L.Trainer) -> int:
    """The step at which Lightning logs the scalars of an evaluation: that of the last training batch, from 0.

    In a validation, ``trainer.global_step`` is one more, and values logged there would be lost or doubled in a resumed
    fit.
    """
    return trainer.fit_loop.epoch_loop._batches_that_stepped


def warn_of_diverged(num_diverged: int, num_drawn: int) -> None:
    """Warn that samples diverged, with a remedy."""
    if num_diverged > 0:
        rank_zero_warn(
            f"{num_diverged:,} of {num_drawn:,} samples diverged: a value is not finite, or far outside the range of "
            "the data. They are in no rate. Use more steps or another sampler, clip x_0_hat "
            "(--generation.sampler.init_args.x_0_range), or train longer"
        )
