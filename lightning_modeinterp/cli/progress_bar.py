"""Which progress bar a command has."""

import sys
from collections.abc import Sequence

from lightning.pytorch.callbacks import Callback, ProgressBar

from lightning_modeinterp.callbacks import StepsBar


def bar_of(asked: bool | None, callbacks: Sequence[Callback]) -> tuple[bool, list[Callback]]:
    """Whether there is a bar, and the one that is to be added: ours on a terminal, and none beside one that is given.

    Args:
        asked: ``trainer.enable_progress_bar``; None leaves it to us.
        callbacks: What the user gives.
    """
    is_given = any(isinstance(each, ProgressBar) for each in callbacks)
    is_wanted = (is_given or sys.stderr.isatty()) if asked is None else asked
    return is_wanted, [StepsBar()] if is_wanted and not is_given else []
