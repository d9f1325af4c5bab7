"""What every part has to do to be built from a config."""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning_modeinterp.testing.expect import expect

_PLAIN = (bool, int, float, str, Path)


def check_arguments(part: object) -> None:
    """Check that the command line can build a part's class: it reads the signature of the constructor.

    Every argument has a name and a type of its own, and a default, where there is one, that YAML can hold. A class or a
    function will do too, for an argument that makes something.

    Args:
        part: An instance of the class.

    Raises:
        AssertionError: If an argument cannot come from a config.
    """
    for argument in inspect.signature(type(part)).parameters.values():
        name = f"{type(part).__name__}({argument.name})"
        expect(
            argument.kind not in (argument.VAR_POSITIONAL, argument.VAR_KEYWORD),
            f"{name}: expected arguments by name, which a config can give, got {argument}; write out each of them",
        )
        expect(
            argument.annotation is not argument.empty,
            f"{name}: expected a type, which the command line reads, got none; annotate the argument",
        )
        expect(
            argument.default is argument.empty or _is_plain(argument.default),
            f"{name}: expected a default that YAML can hold, got {argument.default!r}; "
            "take None and build the object in the constructor",
        )


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(map(_is_plain, (*value.keys(), *value.values())))
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, _PLAIN) or inspect.isclass(value) or inspect.isroutine(value)
