"""Objects that copies of a module share."""

from collections.abc import Callable
from typing import Any


class SharedByCopies:
    """Factory of an optimiser or a scheduler.

    That of the command line refers to the command line, and so to data, trainer and the trainer's processes. Weight
    averaging copies the module, which would copy all of these, and fail at the processes.
    """

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *args: Any) -> Any:
        """Make it."""
        return self._make(*args)

    def __deepcopy__(self, memo: dict[int, Any]) -> "SharedByCopies":
        return self
