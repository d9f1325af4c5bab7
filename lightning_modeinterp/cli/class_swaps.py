"""Which values a swapped class silently keeps from the class that it replaces.

Where the command line names another class than a config file, arguments that both classes have keep the values of the
file. That is often meant and sometimes not, so it is said.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning_modeinterp.configuration.config_files import SUFFIXES, config_files_in, options_in, read_config
from lightning_modeinterp.fingerprints import leaves


def kept_by_swaps(args: Sequence[str], config: Mapping[str, Any]) -> list[str]:
    """Say for each class that was swapped which arguments it keeps from the class before.

    Args:
        args: Arguments of the command line.
        config: The parsed config, plain data with full class paths.
    """
    files = [file for section, file in config_files_in(args) if not section]
    restated = _restated(args)
    return [line for file in files for line in _kept(read_config(file), config, restated)]


def _kept(before: Any, after: Any, restated: set[str], name: str = "") -> Iterator[str]:
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return
    was, now = _class_name(before), _class_name(after)
    if was and now and was != now:
        earlier, values = before.get("init_args") or {}, after.get("init_args") or {}
        kept = [
            f"{key}={value}"
            for key, value in earlier.items()
            if key in values
            and values[key] == value
            and f"{name}.{key}" not in restated
            and not isinstance(value, Mapping)
        ]
        if kept:
            yield f"{name}: {now} keeps {', '.join(kept)} from {was}; set what should differ"
        return
    for key in before.keys() & after.keys():
        below = name if key == "init_args" else f"{name}.{key}" if name else key
        yield from _kept(before[key], after[key], restated, below)


def _class_name(spec: Mapping[str, Any]) -> str:
    return str(spec.get("class_path") or "").rpartition(".")[2]


def _restated(args: Sequence[str]) -> set[str]:
    """Dotted names of the values that the other arguments give, as options or in files that options name."""
    options = [(_plain(name), value) for name, value in options_in(args)]
    names = {name for name, _ in options}
    for name, value in options:
        if name not in ("c", "config") and value.endswith(SUFFIXES) and Path(value).is_file():
            names |= {_plain(f"{name}.{leaf}") for leaf in leaves(read_config(Path(value)))}
    return names


def _plain(name: str) -> str:
    return name.replace("init_args.", "")
