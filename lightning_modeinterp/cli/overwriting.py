"""A running command locks its run directory, and restores what it was to overwrite if it fails early."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback

from lightning_modeinterp.cli.notes import note
from lightning_modeinterp.replaced import Replaced
from lightning_modeinterp.run_directory import PRODUCTS, RunDirectory


@contextmanager
def at_work_in(run: RunDirectory, command: str) -> Iterator[None]:
    """Lock a run directory; restore what a killed start had moved aside, and at the end settle what this one has.

    Args:
        run: The run directory.
        command: The command that runs.

    Raises:
        ConfigurationError: If another command has locked it, or it cannot be written.
    """
    with run.alone():
        for each in PRODUCTS:
            _settle(run, each, "killed")
        try:
            yield
        except BaseException:
            _settle(run, command, "ended")
            raise
        Replaced(run.path, command).settle(has_ended_well=True)


def _settle(run: RunDirectory, command: str, how: str) -> None:
    if Replaced(run.path, command).settle():
        note(
            f"{run.path}: the results that {command} was to overwrite are restored; it was {how} before it had its own"
        )


class DropReplaced(Callback):
    """Remove the earlier results as soon as there are new ones.

    Args:
        replaced: The earlier results.
    """

    def __init__(self, replaced: Replaced) -> None:
        self._replaced = replaced
        self._is_done = False

    def on_train_batch_start(self, trainer: L.Trainer, *_: Any) -> None:
        """Check whether earlier batches have left a checkpoint."""
        self._look(trainer)

    def on_predict_batch_end(self, trainer: L.Trainer, *_: Any) -> None:
        """Check whether samples have been written."""
        self._look(trainer)

    def _look(self, trainer: L.Trainer) -> None:
        if not self._is_done and trainer.is_global_zero:
            self._is_done = self._replaced.drop_if_written()
