"""All classes of one kind, for a test over them."""

import inspect
import sys
from typing import TypeVar

Part = TypeVar("Part")


def concrete_subclasses(base: type[Part], package: str = "lightning_modeinterp") -> list[type[Part]]:
    """All subclasses in a package that a config could name, at any depth.

    Args:
        base: The base class.
        package: Name of the package; only modules that have been imported are seen.

    Returns:
        The classes, each once, without the base and without abstract and private ones.
    """
    below = [c for child in base.__subclasses__() for c in (child, *concrete_subclasses(child, package))]
    is_part = {c: f"{c.__module__}.".startswith(f"{package}.") and _can_be_named(c) for c in below}
    return [c for c in is_part if is_part[c]]


def _can_be_named(cls: type) -> bool:
    """Whether its module holds the class, unlike one defined in a function or an example."""
    is_held = getattr(sys.modules.get(cls.__module__), cls.__name__, None) is cls
    return is_held and not inspect.isabstract(cls) and not cls.__name__.startswith("_")
