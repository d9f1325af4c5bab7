"""Ctrl-C and SIGTERM as requests to stop without losing work."""

import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import lightning as L
from lightning.fabric.utilities.rank_zero import rank_zero_only

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StoppedBySignal(SystemExit):  # no error, like Lightning's SIGTERMException
    """A fit has stopped on a signal. The exit status is 128 + the signal's number, as in shells.

    Args:
        number: The signal.
        step: Optimiser steps at the checkpoint.
        checkpoint: The saved checkpoint; None in a dry run.
    """

    def __init__(self, number: signal.Signals, step: int, checkpoint: Path | None) -> None:
        super().__init__(128 + number)
        self.number = number
        self.step = step
        self.checkpoint = checkpoint


class StopRequest:
    """Listens for signals to stop.

    Lightning stops a fit at once, without a checkpoint. With several processes, one may receive a signal that the
    others do not, and all have to stop after the same batch.
    """

    def __init__(self) -> None:
        self.number: signal.Signals | None = None
        self._before: dict[signal.Signals, Any] = {}

    def listen(self) -> None:
        """Start listening; a second Ctrl-C stops at once, a second SIGTERM does not."""
        self.number = None
        if threading.current_thread() is threading.main_thread():  # Python allows handlers only there
            self._before = {number: signal.signal(number, self._hear) for number in SIGNALS}

    def end(self) -> None:
        """Restore the earlier signal handlers."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def is_made(self, trainer: L.Trainer) -> bool:
        """Whether any process has been asked to stop; all processes have to call it together."""
        is_asked = self.number is not None
        if trainer.world_size == 1:
            return is_asked
        return bool(trainer.strategy.reduce_boolean_decision(is_asked, all=False))

    def _hear(self, number: int, _: FrameType | None) -> None:
        if self.number is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        if self.number is None and rank_zero_only.rank == 0:  # type: ignore[attr-defined]
            line = "modeinterp: saving a checkpoint, then stopping; Ctrl-C again stops at once\n"
            os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, line.encode())  # print is not for handlers
        self.number = self.number or signal.Signals(number)
