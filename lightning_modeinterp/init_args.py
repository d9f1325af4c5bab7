"""What a part was made with, in plain data: class paths and arguments, as a config has them.

The command line knows it of every part. One that is made by hand in Python keeps the arguments of its constructor, so
that a checkpoint can say how to make it again without holding the object itself, which nobody should unpickle.
"""

import inspect
import sys
from collections.abc import Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import Any

ATTRIBUTE = "_init_args"
"""Where a part keeps them."""


class NotPlainError(ValueError):
    """Something that a config cannot say."""


def init_args(part: object) -> dict[str, Any]:
    """Arguments of a constructor that is at work, by name, with the defaults of those left out.

    Args:
        part: What is being made. The ``__init__`` of its base class asks, and that of a subclass has called it.

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
    """The same in plain data; a part becomes its ``class_path`` and ``init_args``.

    Raises:
        NotPlainError: If it is, or holds, something that a config cannot say.

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
        raise NotPlainError(f"{type(value).__name__} is no plain data")
    return {"class_path": import_path(type(value)), "init_args": as_plain(arguments)}


def import_path(cls: type) -> str:
    """The shortest dotted name by which a class is found, as the command line saves it.

    Raises:
        NotPlainError: If it is not found by its name, as a class made within a function.
    """
    parts = cls.__module__.split(".")
    for end in range(1, len(parts) + 1):
        module = ".".join(parts[:end])
        if getattr(sys.modules.get(module), cls.__qualname__, None) is cls:
            return f"{module}.{cls.__qualname__}"
    raise NotPlainError(f"{cls.__qualname__} is not found in {cls.__module__}")
