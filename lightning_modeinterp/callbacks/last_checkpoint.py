"""One checkpoint per run, always the newest: ``checkpoints/last.ckpt``.

A fit that is killed and resumed from it has to end like an uninterrupted one. So a state is saved where Lightning
resumes exactly, and gets its final name only once everything logged up to it is on disk:

1. Lightning resumes exactly from a state taken in ``on_train_batch_end``, as long as no validation and no end of the
   epoch follows that batch, since a resumed run skips both; and from one taken in ``on_validation_end``.
2. The rows of a step are logged after ``on_train_batch_end``. Until the next batch starts, or training ends, the state
   waits under another name.

Ctrl-C and SIGTERM request an additional such state. A validation or the end of an epoch that is due comes first.
"""

import signal
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Checkpoint

from lightning_modeinterp.callbacks.stop_request import StoppedBySignal, StopRequest
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.files import aside_of, publish


class LastCheckpoint(Checkpoint):
    """Save every n optimiser steps, at the end of training, and before a signal stops it.

    A save on the last batch of an epoch is delayed by one batch. If each epoch has only one batch it is not, and a
    resumed run skips what other callbacks do at the end of that epoch; weights and logs are still the same. If a
    callback stopped training early, a resumed fit trains until it is stopped again, as always in Lightning.

    Args:
        every_n_steps: Optimiser steps between saves.
        dirpath: Folder to save to; the command line sets it from the run directory. If None, ``checkpoints`` in the
            trainer's ``default_root_dir``.

    Raises:
        ConfigurationError: If ``every_n_steps`` < 1.
    """

    def __init__(self, every_n_steps: int = 1000, dirpath: str | Path | None = None) -> None:
        if every_n_steps < 1:
            raise ConfigurationError(
                f"checkpoint.every_n_steps: expected a number of optimiser steps >= 1, got {every_n_steps}; use one "
                "above trainer.max_steps to save only at the end"
            )
        self.every_n_steps = every_n_steps
        self.dirpath = dirpath
        self.path = Path()  # set in setup
        self._is_waiting = False  # a state is saved under its temporary name
        self._was_stopping = False  # training had been told to stop before the validation that may follow
        self._saved_step = 0
        self._last_step = 0
        self._request = StopRequest()
        self._is_stopping = False  # a stop is requested
        self._stops = False  # and its state is saved

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Set the folder, and remove the temporary file of a killed run."""
        if stage == "fit":
            folder = self.dirpath or Path(trainer.default_root_dir) / "checkpoints"
            self.path = Path(folder) / "last.ckpt"
            if trainer.is_global_zero and not _is_dry(trainer):
                aside_of(self.path).unlink(missing_ok=True)

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Count from the loaded step, and listen for signals."""
        self._is_waiting, self._saved_step, self._last_step = False, trainer.global_step, trainer.global_step
        self._is_stopping = self._stops = False
        self._request.listen()

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """All rows of the previous batch are logged: publish its state, and stop if requested.

        Raises:
            StoppedBySignal: On all processes.
        """
        self._publish(trainer)
        if self._stops:
            number = self._request.number or signal.SIGTERM  # another process has received it
            raise StoppedBySignal(number, trainer.global_step, None if _is_dry(trainer) else self.path)

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save every n steps and after the last one; never while gradients are being accumulated."""
        has_stepped, self._last_step = trainer.global_step > self._last_step, trainer.global_step
        self._was_stopping = trainer.should_stop
        self._is_stopping = self._request.is_made(trainer)
        is_due = self._is_stopping or trainer.global_step // self.every_n_steps > self._saved_step // self.every_n_steps
        is_behind_epoch = trainer.is_last_batch and trainer.num_training_batches > 1
        if (has_stepped and is_due and not is_behind_epoch) or is_over(trainer):
            self._save(trainer)

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Save a waiting state again, now with the validation; and the last one, if the validation has ended training.

        Not at the end of an epoch, which a resumed run would repeat: `EarlyStopping` would then miss the metric. Nor in
        a validation that runs only because training is stopping: a run that resumes after it and trains further would
        not know of it.
        """
        takes_again = self._is_waiting and not trainer.is_last_batch
        has_ended = not self._is_waiting and is_over(trainer)
        if not trainer.sanity_checking and not self._was_stopping and (takes_again or has_ended):
            self._save(trainer)

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Save the last state, if the end of the epoch has ended training."""
        if is_over(trainer) and not self._is_waiting:
            self._save(trainer)

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """All rows are logged: publish the last state."""
        self._request.end()
        self._publish(trainer)

    def on_exception(self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException) -> None:
        """Restore the signal handlers."""
        self._request.end()

    def _save(self, trainer: L.Trainer) -> None:
        self._stops = self._is_stopping
        if _is_dry(trainer):
            return
        trainer.save_checkpoint(aside_of(self.path), weights_only=False)
        self._saved_step, self._is_waiting = trainer.global_step, True

    def _publish(self, trainer: L.Trainer) -> None:
        if not self._is_waiting:
            return
        for logger in trainer.loggers:
            logger.save()
        if trainer.is_global_zero:
            publish(aside_of(self.path), self.path)
        self._is_waiting = False


def _is_dry(trainer: L.Trainer) -> bool:
    return bool(trainer.fast_dev_run)  # type: ignore[attr-defined]  # set behind the scenes


def is_over(trainer: L.Trainer) -> bool:
    """Whether training is over: the steps or epochs are done, or a stop was requested and is allowed."""
    return (
        0 < trainer.max_steps <= trainer.global_step
        or (trainer.is_last_batch and trainer.current_epoch + 1 == trainer.max_epochs)
        or (trainer.should_stop and trainer.fit_loop._can_stop_early)  # it alone knows when `min_epochs` are reached
    )
