"""Which lists of classes, such as ``trainer.callbacks``, a later config or option has replaced.

A list is replaced as a whole. A user who adds a learning-rate monitor to an experiment may not want to lose its weight
averaging, so this is reported.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lightning_modeinterp.configuration.config_files import config_files_in, read_config


def replaced_lists(args: Sequence[str], config: Mapping[str, Any]) -> list[str]:
    """Say for each list of classes in a config file which of them the final config leaves out.

    Args:
        args: Arguments of the command line.
        config: The parsed config, plain data with full class paths.
    """
    return list(dict.fromkeys(line for before in _given(args) for line in _lost(before, config)))


def _given(args: Sequence[str]) -> Iterator[Any]:
    """The files, each as a tree from the root of the config."""
    for section, file in config_files_in(args):
        tree: Any = read_config(file)
        for key in reversed(section.split(".") if section else []):
            tree = {key: tree}
        yield tree


def _lost(before: Any, after: Any, name: str = "") -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in before:
            plain = str(key).removesuffix("+")  # items that a file appends may be replaced too
            if plain in after:
                yield from _lost(before[key], after[plain], f"{name}.{plain}" if name else plain)
        return
    if not isinstance(before, list) and not isinstance(after, list):
        return
    now = _classes(after)
    if now and (lost := [each for each in _classes(before) if each not in now]):
        yield (
            f"{name}: {', '.join(now)} replaces the earlier list, so {', '.join(lost)} is left out; to "
            f"keep both, append with --{name}+= ({name.rpartition('.')[2]}+: in a file)"
        )


def _classes(value: Any) -> list[str]:
    """Short names of the classes in a list of them, or of a single one."""
    entries = [each for each in (value if isinstance(value, list) else [value]) if each]
    named = [each.get("class_path") if isinstance(each, Mapping) else each for each in entries]
    return [name.rpartition(".")[2] for name in named if isinstance(name, str)]
