"""The constructor arguments of an object as plain data: class paths and arguments, as in a config.

The command line has them from the config. An object made in Python keeps its constructor arguments, so that a
checkpoint can say how to rebuild it without holding the object itself, which would have to be unpickled.
"""

import inspect
import sys
from collections.abc import Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import Any

ATTRIBUTE = "_init_args"
"""Attribute that holds them."""


class NotPlainError(ValueError):
    """A value that a config cannot express."""


def init_args(part: object) -> dict[str, Any]:
    """Arguments of the running constructor by name, with defaults filled in.

    Args:
        part: The object under construction. Called from the ``__init__`` of its base class.

    Example:
        >>> class Base:
        ...     def __init__(self):
        ...         self.made_with = init_args(self)
        >>> class Part(Base):
        ...     def __init__(self, width, depth=3):
        ...         super().__init__()
        >>> Part(8).made_with
        {'width': 8, 'depth': 3}
    """
    arguments: dict[str, Any] = {}
    frame, is_within = inspect.currentframe(), False
    while frame := frame and frame.f_back:
        names, _, keywords, values = inspect.getargvalues(frame)
        if frame.f_code.co_name == "__init__" and names and values[names[0]] is part:
            is_within = True
            arguments = {name: values[name] for name in names[1:]} | (values[keywords] if keywords else {})
        elif is_within:
            break
    return arguments


def as_plain(value: Any) -> Any:
    """The value as plain data; an object becomes its ``class_path`` and ``init_args``.

    Raises:
        NotPlainError: If it is, or holds, something that a config cannot express.

    Example:
        >>> as_plain({"sizes": (1, 2), "folder": Path("data")})
        {'sizes': [1, 2], 'folder': 'data'}
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Integral):
        return int(value)  # numpy's too
    if isinstance(value, Real):
        return float(value)
    if isinstance(value, str | Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): as_plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [as_plain(each) for each in value]
    if (arguments := getattr(value, ATTRIBUTE, None)) is None:
        raise NotPlainError(f"{type(value).__name__} is not plain data")
    return {"class_path": import_path(type(value)), "init_args": as_plain(arguments)}


def import_path(cls: type) -> str:
    """The shortest dotted name that imports a class, as the command line saves it.

    Raises:
        NotPlainError: If it cannot be imported, as a class defined inside a function.
    """
    parts = cls.__module__.split(".")
    for end in range(1, len(parts) + 1):
        module = ".".join(parts[:end])
        if getattr(sys.modules.get(module), cls.__qualname__, None) is cls:
            return f"{module}.{cls.__qualname__}"
    raise NotPlainError(f"{cls.__qualname__} is not found in {cls.__module__}")
