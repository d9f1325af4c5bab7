"""Who raised an error, read from its traceback: a library, this package, or a class of the user."""

import dis
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

PACKAGE = "lightning_modeinterp"

LIBRARIES = sys.stdlib_module_names | {
    *("antlr4", "filelock", "fsspec", "jsonargparse", "lightning", "lightning_fabric", "lightning_utilities"),
    *("matplotlib", "numpy", "omegaconf", "PIL", "pytorch_lightning", "rich", "safetensors", "scipy", "sklearn"),
    *("tensorboard", "torch", "torch_fidelity", "torchmetrics", "torchvision", "wandb", "yaml", "diffusers"),
} - {"__main__"}
"""The package and its dependencies. A class from anywhere else is the user's own."""

_RAISE = dis.opmap["RAISE_VARARGS"]


@dataclass(frozen=True)
class Call:
    """One line of a traceback.

    Args:
        frame: The frame.
        position: Offset of its last instruction, in bytes.
    """

    frame: FrameType
    position: int

    @property
    def module(self) -> str:
        """Dotted name of the module."""
        return str(self.frame.f_globals.get("__name__", ""))

    @property
    def is_ours(self) -> bool:
        """Whether it is from this package."""
        return self.module.partition(".")[0] == PACKAGE

    @property
    def is_of_a_library(self) -> bool:
        """Whether it is from a dependency of this package."""
        return self.module.partition(".")[0] in LIBRARIES

    @property
    def instance(self) -> Any:
        """The object whose method it is, None for a function."""
        return self.frame.f_locals.get("self")

    @property
    def is_raise(self) -> bool:
        """Whether it is a ``raise`` statement, which is deliberate, and not an operation that failed."""
        code: CodeType = self.frame.f_code
        return code.co_code[self.position] == _RAISE


def calls_of(error: BaseException) -> list[Call]:
    """The lines of an error's traceback, starting where it was raised."""
    return list(_calls(error))[::-1]


def _calls(error: BaseException) -> Iterator[Call]:
    line = error.__traceback__
    while line is not None:
        yield Call(line.tb_frame, line.tb_lasti)
        line = line.tb_next


def answerable(calls: list[Call]) -> Call | None:
    """The call nearest to the error that is not in a library: in this package, or in the user's code."""
    return next((call for call in calls if not call.is_of_a_library), None)


def class_named(call: Call) -> str:
    """Full name of the class, or else of the function, that was running."""
    if call.instance is None:
        return f"{call.module}.{call.frame.f_code.co_qualname}"
    return f"{type(call.instance).__module__}.{type(call.instance).__qualname__}"
