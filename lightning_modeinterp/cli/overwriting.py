"""A command at work in its run directory: alone, and with what it overwrites in mind."""

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
    """Hold a run directory; first bring back what a killed start had moved aside, at the end see to what ours has.

    Args:
        run: The run directory.
        command: The command that is at work.

    Raises:
        ConfigurationError: If another command holds it, or it cannot be written.
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
        note(f"{run.path}: the results that {command} was to overwrite are back; it was {how} before it had its own")


class DropReplaced(Callback):
    """Remove what is overwritten as soon as there is something in its place.

    Args:
        replaced: What is overwritten.
    """

    def __init__(self, replaced: Replaced) -> None:
        self._replaced = replaced
        self._is_done = False

    def on_train_batch_start(self, trainer: L.Trainer, *_: Any) -> None:
        """Look for a checkpoint of the batches before."""
        self._look(trainer)

    def on_predict_batch_end(self, trainer: L.Trainer, *_: Any) -> None:
        """Look for samples that are written down."""
        self._look(trainer)

    def _look(self, trainer: L.Trainer) -> None:
        if not self._is_done and trainer.is_global_zero:
            self._is_done = self._replaced.drop_if_written()
