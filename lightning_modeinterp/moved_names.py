"""Names that have moved: configs, checkpoints and code of before still find them.

A module that is gone is found here again, with the objects of their new homes. What users move in their own code they
say by `add_moved_names`, on the command line by ``--moved_names '{ring.Ring: shapes.rings.Ring}'``.
"""

import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import ModuleType
from typing import Any

_DATA = ("data", "data.gaussian", "data.shapes")
_HOMES = {
    "datamodules": _DATA,
    "datasets": _DATA,
    "distributions": _DATA,
    "support": ("support_oracle", *_DATA),
    "denoisers": _DATA,
    "metrics": _DATA,
    "diffusion.end_point_scores": ("detectors",),
    "diffusion.trajectories": ("trajectories",),
    "diffusion.generation": ("generation",),
    "diffusion.keyed_noise": ("keyed_noise",),
}
_NAMES = {
    "callbacks.ExclusionMonitor": "callbacks.ValidationProbes",
    "callbacks.exclusion.ExclusionMonitor": "callbacks.ValidationProbes",
}
_PACKAGE = "lightning_modeinterp"

HOMES = {f"{_PACKAGE}.{old}": tuple(f"{_PACKAGE}.{new}" for new in homes) for old, homes in _HOMES.items()}
"""Where to look for what was in a module."""

NAMES = {f"{_PACKAGE}.{old}": f"{_PACKAGE}.{new}" for old, new in _NAMES.items()}
"""What has another name today."""

SHORT_NAMES = {old.rpartition(".")[2]: new.rpartition(".")[2] for old, new in NAMES.items()}
"""The same without modules, as a config may name a class too. Those are not found, so an error has to say it."""

_users: dict[str, str] = {}
_used: dict[str, str] = {}


def add_moved_names(names: Mapping[str, str]) -> None:
    """Say where classes of one's own are now.

    Args:
        names: Old to new dotted names of classes.
    """
    _users.update(names)


def names_used() -> dict[str, str]:
    """Old to new names of what was asked for by its old name in this process."""
    return dict(_used)


def current_name(name: str) -> str:
    """The name of today of something that a config or checkpoint names; the same where it has not moved.

    Example:
        >>> current_name("lightning_modeinterp.support.GaussianModes")
        'lightning_modeinterp.data.gaussian.GaussianModes'
    """
    if new_name := _users.get(name) or NAMES.get(name):
        new = new_name
    else:
        module, _, attribute = name.rpartition(".")
        homes = [home for home in HOMES.get(module, ()) if hasattr(_import(home), attribute)]
        new = f"{homes[0]}.{attribute}" if homes else name
    if new != name:
        _used[name] = new
    return new


def with_current_names(value: Any) -> Any:
    """The same tree of mappings and lists with every moved name in it as it is today."""
    if isinstance(value, Mapping):
        return {key: with_current_names(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [with_current_names(each) for each in value]
    return current_name(value) if isinstance(value, str) and "." in value else value


def moved(module: str, attribute: str) -> Any:
    """What a module had under a name before it moved; for the ``__getattr__`` of a module.

    Raises:
        AttributeError: If it had none.
    """
    old = f"{module}.{attribute}"
    new = old if attribute.startswith("__") else current_name(old)
    if new == old:
        raise AttributeError(f"module {module!r} has no attribute {attribute!r}")
    home, _, name = new.rpartition(".")
    return getattr(import_module(home), name)


def _import(module: str) -> ModuleType | None:
    try:
        return import_module(module)
    except ModuleNotFoundError:  # a family that was taken away
        return None


class _MovedModules(MetaPathFinder, Loader):
    """Finds modules that are gone, if something of theirs has moved."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        is_known = fullname in HOMES or any(old.rpartition(".")[0] == fullname for old in (*NAMES, *_users))
        return spec_from_loader(fullname, self) if is_known else None

    def exec_module(self, module: ModuleType) -> None:
        module.__getattr__ = lambda attribute: moved(module.__name__, attribute)  # type: ignore[method-assign]


def install() -> None:
    """Let old modules be imported; the last to be asked, so that what exists is found first."""
    if not any(isinstance(finder, _MovedModules) for finder in sys.meta_path):
        sys.meta_path.append(_MovedModules())
