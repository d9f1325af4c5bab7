"""What copies of a module share instead of copying it along."""

from collections.abc import Callable
from typing import Any


class SharedByCopies:
    """What makes an optimiser or a scheduler.

    The command line's holds the command line, and through it data, trainer and the trainer's processes. Averaging
    weights copies the module, which would copy all of these, and fails at the processes.
    """

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *args: Any) -> Any:
        """Make it."""
        return self._make(*args)

    def __deepcopy__(self, memo: dict[int, Any]) -> "SharedByCopies":
        return self
