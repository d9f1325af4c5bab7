"""Checks that a class can be built from a config."""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning_modeinterp.testing.expect import expect

_PLAIN = (bool, int, float, str, Path)


def check_arguments(part: object) -> None:
    """Check that the command line can build a class from the signature of its constructor.

    Every argument has a name and a type, and its default, if any, can be written in YAML. For an argument that is a
    factory, pass a class or a function.

    Args:
        part: An instance of the class.

    Raises:
        AssertionError: If an argument cannot come from a config.
    """
    for argument in inspect.signature(type(part)).parameters.values():
        name = f"{type(part).__name__}({argument.name})"
        expect(
            argument.kind not in (argument.VAR_POSITIONAL, argument.VAR_KEYWORD),
            f"{name}: expected named arguments, which a config can give, got {argument}; write out each of them",
        )
        expect(
            argument.annotation is not argument.empty,
            f"{name}: expected a type, which the command line reads, got none; annotate the argument",
        )
        expect(
            argument.default is argument.empty or _is_plain(argument.default),
            f"{name}: expected a default that YAML can hold, got {argument.default!r}; "
            "use None and build the object in the constructor",
        )


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(map(_is_plain, (*value.keys(), *value.values())))
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, _PLAIN) or inspect.isclass(value) or inspect.isroutine(value)
