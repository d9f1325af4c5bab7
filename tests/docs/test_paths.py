"""Whoever gives a path may give a string: no public function or constructor asks for a `Path` alone."""

import inspect
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from importlib import import_module
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import pytest

import lightning_modeinterp
from lightning_modeinterp import load_run
from lightning_modeinterp.checkpoints import read as read_checkpoint
from lightning_modeinterp.data.images import ArrayDataModule, ImageFolderDataModule, find_images, read_array, read_idx
from lightning_modeinterp.data.mnist import read_digits
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.fidelity.extractors import Inception
from lightning_modeinterp.fidelity.sources import read_images
from lightning_modeinterp.figures import save_figure
from lightning_modeinterp.figures.style import new_figure
from lightning_modeinterp.sample_store import SampleStore
from lightning_modeinterp.sheets import read_labels
from tests.families import ABSENT, is_named_for

ROOT = Path(__file__).parents[2]
NAME = lightning_modeinterp.__name__
OURS_TO_CALL = {"draw_figures"}
"""Methods of a seam, which are given what we have."""


def public_modules() -> list[str]:
    """What the reference lists; of a room its `__all__` counts, of a file all that it defines."""
    named = re.findall(r"^::: (\S+)", (ROOT / "docs/reference.md").read_text(), flags=re.MULTILINE)
    there = [name for name in named if not any(is_named_for(family, name) for family in ABSENT)]
    return [name if _is_module(name) else name.rpartition(".")[0] for name in there]


def _is_module(name: str) -> bool:
    import_module(name.rpartition(".")[0])
    try:
        import_module(name)
    except ModuleNotFoundError:
        return False
    return True


def callables_of(module: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Public functions, constructors and methods of ours."""
    content = sys.modules[module]
    own = [name for name, each in vars(content).items() if name[0] != "_" and _home_of(each) == module]
    for name in getattr(content, "__all__", own):
        each = getattr(content, name)
        if inspect.isclass(each):
            if not is_dataclass(each):  # a record, which functions of ours make
                yield f"{name}()", each.__init__
            methods = inspect.getmembers(each, lambda one: inspect.isfunction(one) or inspect.ismethod(one))
            yield from ((f"{name}.{method}", one) for method, one in methods if method[0] != "_" and _is_ours(one))
        elif inspect.isfunction(each):
            yield name, each


def _home_of(each: object) -> str:
    return str(getattr(each, "__module__", ""))


def _is_ours(each: object) -> bool:
    return _home_of(each).startswith(NAME)


def asks_for_a_path_alone(hint: Any) -> bool:
    """Whether a `Path` is taken, as it is or within a union, and a string is not."""
    kinds = set(get_args(hint)) if get_origin(hint) in (Union, UnionType) else {hint}
    return Path in kinds and str not in kinds


@pytest.mark.parametrize("module", sorted(set(public_modules())))
def test_a_path_may_be_a_string(module: str) -> None:
    alone = [
        f"{name}({parameter.name})"
        for name, each in callables_of(module)
        if name.rpartition(".")[2] not in OURS_TO_CALL
        for parameter in inspect.signature(each).parameters.values()
        if asks_for_a_path_alone(parameter.annotation)
    ]
    assert alone == []


@pytest.mark.parametrize(
    "read",
    [
        *(load_run, SampleStore.open, read_images, read_array, read_idx, find_images, Inception, read_checkpoint),
        *(lambda path: read_digits(path, "train"), lambda path: read_labels(path, ["5"])),
        *(lambda path: ImageFolderDataModule(path).decoded, lambda path: ArrayDataModule(path).values),
    ],
)
def test_what_a_string_names_is_looked_for(read: Callable[[str], object], tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nowhere"):
        read(str(tmp_path / "nowhere"))


def test_a_figure_is_saved_where_a_string_says(tmp_path: Path) -> None:
    assert save_figure(new_figure("empty"), str(tmp_path / "figure.png")).is_file()


def test_the_walk_sees_what_it_is_to_see() -> None:
    assert asks_for_a_path_alone(Path | None)
    assert not asks_for_a_path_alone(str | Path | None)
    seen = {name for module in public_modules() for name, _ in callables_of(module)}
    assert {"SampleStore.open", "CachedRuns()", "save_figure", "load_run", "ImageFolderDataModule()"} <= seen
    rooms = {each.name for each in pkgutil.iter_modules(lightning_modeinterp.__path__) if each.ispkg}
    assert rooms - {name.split(".")[1] for name in public_modules()} <= {"configs"}
