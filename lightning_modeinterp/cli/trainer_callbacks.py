"""The callbacks of a command: the user's, and each default whose class the user does not give."""

import sys
from collections.abc import Sequence

from lightning.pytorch.callbacks import Callback, ProgressBar

from lightning_modeinterp.callbacks import (
    FigureLogger,
    HallucinationMonitor,
    LateAveraging,
    PlacedCheckpoints,
    SampleStoreCallback,
    StepsBar,
    TrajectoryVarianceLogger,
)

OURS: tuple[type[Callback], ...] = (
    *(HallucinationMonitor, TrajectoryVarianceLogger, FigureLogger, SampleStoreCallback),
    *(LateAveraging, PlacedCheckpoints),
)
"""Default callbacks of every command; one is left out if the user gives one of its class."""


def with_ours(asked: Callback | Sequence[Callback] | None) -> list[Callback]:
    """The given callbacks and the defaults.

    Args:
        asked: ``trainer.callbacks``; a single one needs no list.
    """
    given = [asked] if isinstance(asked, Callback) else list(asked or [])
    return [*given, *(ours() for ours in OURS if ours not in map(type, given))]


def with_bar(asked: bool | None, callbacks: Sequence[Callback]) -> tuple[bool, list[Callback]]:
    """Whether there is a progress bar, and the callbacks with it: ours on a terminal, unless one is given.

    Args:
        asked: ``trainer.enable_progress_bar``; None decides by the terminal.
        callbacks: All others.
    """
    is_given = any(isinstance(each, ProgressBar) for each in callbacks)
    is_wanted = (is_given or sys.stderr.isatty()) if asked is None else asked
    return is_wanted, [*callbacks, StepsBar()] if is_wanted and not is_given else list(callbacks)
