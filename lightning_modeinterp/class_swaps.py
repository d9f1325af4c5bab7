"""Which values a swapped class silently takes over from the class before it.

Where a later source of a config names another class, arguments that both classes have keep the earlier values. That is
often meant and sometimes not, so it is said.
"""

import inspect
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any


def kept_by_swaps(before: Any, after: Any, name: str = "") -> Iterator[str]:
    """Say for each class that was swapped which of its arguments come from the class before.

    Args:
        before: Config of the earlier sources, plain data.
        after: Config of all sources.
        name: Dotted name of what is compared.

    Example:
        >>> before = {"d": {"class_path": "random.Random", "init_args": {"x": 3}}}
        >>> after = {"d": {"class_path": "random.SystemRandom", "init_args": {"x": 3}}}
        >>> list(kept_by_swaps(before, after))
        ['d: SystemRandom keeps x=3 of Random before it; restate what should differ']
    """
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return
    was, now = before.get("class_path"), after.get("class_path")
    if was and now and was != now:
        kept = _kept(before.get("init_args") or {}, after.get("init_args") or {}, _defaults(now))
        if kept:
            values = ", ".join(kept)
            yield f"{name}: {_short(now)} keeps {values} of {_short(was)} before it; restate what should differ"
        return
    for key in before.keys() & after.keys():
        below = name if key == "init_args" else f"{name}.{key}" if name else key
        yield from kept_by_swaps(before[key], after[key], below)


def _kept(was: Mapping[str, Any], now: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[str]:
    return [
        f"{key}={value}"
        for key, value in now.items()
        if key in was and was[key] == value and not isinstance(value, Mapping) and defaults.get(key) != value
    ]


def _defaults(class_path: str) -> dict[str, Any]:
    module, _, name = class_path.rpartition(".")
    parameters = inspect.signature(getattr(import_module(module), name)).parameters.values()
    return {parameter.name: parameter.default for parameter in parameters}


def _short(class_path: str) -> str:
    return class_path.rpartition(".")[2]
