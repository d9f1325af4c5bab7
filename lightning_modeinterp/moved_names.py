"""Names that have moved, so that older configs, checkpoints and code still work.

A removed module can still be imported, with the objects at their new places. Users declare moves in their own code with
`add_moved_names`, or on the command line with ``--moved_names '{ring.Ring: shapes.rings.Ring}'``.
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
"""New modules for the content of an old one."""

NAMES = {f"{_PACKAGE}.{old}": f"{_PACKAGE}.{new}" for old, new in _NAMES.items()}
"""Old to new names of renamed objects."""

SHORT_NAMES = {old.rpartition(".")[2]: new.rpartition(".")[2] for old, new in NAMES.items()}
"""The same without modules, which a config may use too. These are not resolved, so the error suggests the new name."""

_users: dict[str, str] = {}
_used: dict[str, str] = {}


def add_moved_names(names: Mapping[str, str]) -> None:
    """Declare the new names of your own classes.

    Args:
        names: Old to new dotted names of classes.
    """
    _users.update(names)


def names_used() -> dict[str, str]:
    """Old to new names of all old names used in this process."""
    return dict(_used)


def current_name(name: str) -> str:
    """The current name of an object in a config or checkpoint; unchanged if it has not moved.

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
    """The tree of mappings and lists with every moved name replaced by its current one."""
    if isinstance(value, Mapping):
        return {key: with_current_names(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [with_current_names(each) for each in value]
    return current_name(value) if isinstance(value, str) and "." in value else value


def moved(module: str, attribute: str) -> Any:
    """An attribute that a module had before it moved; for the ``__getattr__`` of a module.

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
    except ModuleNotFoundError:  # a family that was removed
        return None


class _MovedModules(MetaPathFinder, Loader):
    """Finds removed modules whose content has moved."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        is_known = fullname in HOMES or any(old.rpartition(".")[0] == fullname for old in (*NAMES, *_users))
        return spec_from_loader(fullname, self) if is_known else None

    def exec_module(self, module: ModuleType) -> None:
        module.__getattr__ = lambda attribute: moved(module.__name__, attribute)  # type: ignore[method-assign]


def install() -> None:
    """Make old modules importable; tried last, so that existing modules are found first."""
    if not any(isinstance(finder, _MovedModules) for finder in sys.meta_path):
        sys.meta_path.append(_MovedModules())
