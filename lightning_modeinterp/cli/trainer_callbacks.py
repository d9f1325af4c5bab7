"""The callbacks of a command: what the user gives, and ours where none of their class is given."""

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
"""Callbacks of every command, each unless one of its class is given."""


def with_ours(asked: Callback | Sequence[Callback] | None) -> list[Callback]:
    """Callbacks that are given, and ours.

    Args:
        asked: ``trainer.callbacks``; one may stand without a list.
    """
    given = [asked] if isinstance(asked, Callback) else list(asked or [])
    return [*given, *(ours() for ours in OURS if ours not in map(type, given))]


def with_bar(asked: bool | None, callbacks: Sequence[Callback]) -> tuple[bool, list[Callback]]:
    """Whether there is a progress bar, and callbacks with it: ours on a terminal, and none beside one that is given.

    Args:
        asked: ``trainer.enable_progress_bar``; None leaves it to us.
        callbacks: All others.
    """
    is_given = any(isinstance(each, ProgressBar) for each in callbacks)
    is_wanted = (is_given or sys.stderr.isatty()) if asked is None else asked
    return is_wanted, [*callbacks, StepsBar()] if is_wanted and not is_given else list(callbacks)
