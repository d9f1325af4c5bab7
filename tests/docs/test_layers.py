"""Who may import whom. A new room gets its line here."""

import ast
import re
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

import lightning_modeinterp

PACKAGE = Path(lightning_modeinterp.__file__).parent
NAME = lightning_modeinterp.__name__

ROOMS = (
    *("moved_names", "errors", "init_args", "files", "fingerprints", "provenance", "keyed_noise", "threads"),
    *("run_directory", "replaced", "checkpoints", "checkpoint_paths", "records", "support_oracle"),
    *("threshold", "judged_samples", "trajectories", "diffusion", "detectors", "metrics"),
    *(
        "figures",
        "sample_store",
        "filters",
        "denoisers",
        "generation",
        "watching",
        "pages",
        "sheets",
        "data",
        "fidelity",
        "modules",
        "loggers",
    ),
    *("callbacks", "configuration", "runs", "recursion", "reproduction", "reports", "testing", "cli", "__main__"),
)
"""From the ground up: a room imports from itself and from those before it."""

ON_TOP = ("moved_names", "trajectories", "watching", "configuration")
"""What the package itself names; all but the first it imports only when asked for, see `tests/cli/test_entry.py`."""

FAMILIES = sorted(path.parent.name for path in PACKAGE.glob("data/*/__init__.py") if path.parent.name != "images")
"""Folders of ``data``; none knows another. Others build on ``images``, which is none."""

HEAVY = {
    "lightning": {"data", "modules", "callbacks", "loggers", "configuration", "cli"},
    "pytorch_lightning": set(),  # the same under its other name
    # outside of ``figures`` for the type of a figure only. torchmetrics and Lightning load it at once, so nothing is
    # won by importing it late
    "matplotlib": {"figures", "data", "callbacks", "recursion", "reproduction", "reports", "testing"},
    "wandb": {"callbacks", "loggers", "cli"},
    "diffusers": {"denoisers/diffusers_library.py"},
    "sklearn": {"data/shapes/bottleneck.py"},
    "jsonargparse": {
        "cli",
        "loggers",
        "fidelity/sources.py",
        "configuration",
        "recursion/load.py",
    },  # it imports what a config names
    "importlib.import_module": {"__init__", "cli", "data/__init__.py", "moved_names"},
}


@cache
def imports_of(path: Path) -> tuple[str, ...]:
    """Dotted names, with what is taken from them: ``from a.b import c`` gives ``a.b.c``."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return tuple(names)


def is_within(name: str, package: str) -> bool:
    return f"{name}.".startswith(f"{package}.")


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def from_above(path: Path) -> list[str]:
    """What a file imports of rooms that it may not."""
    allowed = ROOMS[: ROOMS.index(room_of(path)) + 1] if room_of(path) != "__init__" else ON_TOP
    ours = [name.removeprefix(f"{NAME}.") for name in imports_of(path) if is_within(name, NAME)]
    return [name for name in ours if name.split(".")[0] not in (*allowed, "__version__")]


def test_imports_come_from_below() -> None:
    assert {path: names for path in modules() if (names := from_above(path))} == {}


@pytest.mark.parametrize("library", HEAVY)
def test_heavy_libraries_stay_in_their_rooms(library: str) -> None:
    users = {path for path in modules() if any(is_within(name, library) for name in imports_of(path))}
    allowed = HEAVY[library]
    strangers = {p for p in users if room_of(p) not in allowed and p.relative_to(PACKAGE).as_posix() not in allowed}
    assert strangers == set()


def test_others_take_no_more_than_the_type_of_a_figure() -> None:
    for path in modules():
        taken = {name for name in imports_of(path) if is_within(name, "matplotlib")}
        assert room_of(path) == "figures" or taken <= {"matplotlib.figure.Figure"}, path


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_knows_no_other(family: str) -> None:
    others = [f"{NAME}.data.{each}" for each in FAMILIES if each != family]
    for path in (PACKAGE / "data" / family).rglob("*.py"):
        assert [name for name in imports_of(path) if any(is_within(name, each) for each in others)] == [], path


def test_callbacks_know_no_family() -> None:
    families = [f"{NAME}.data.{family}" for family in FAMILIES]
    knowing = {
        path.name
        for path in (PACKAGE / "callbacks").rglob("*.py")
        if any(is_within(name, family) for name in imports_of(path) for family in families)
    }
    assert knowing == set()


MAY_NAME_A_FAMILY = {
    "moved_names.py": "the table of what has moved to a family",
    "reproduction/claims/between_heights.py": "the paper's statement on Simple Shapes asks what their squares are",
    "reproduction/claims/filter_mnist.py": "a claim says whether the files of MNIST are there",
    "reproduction/measures.py": "what several claims measure of mixtures",
}


def naming(family: str) -> list[Path]:
    """Files outside of a family that name its package, or a class that it exports."""
    exported = import_module(f"{NAME}.data.{family}").__all__
    classes = [name for name in exported if name[0].isupper() and not name.isupper()]
    named = re.compile(rf"\bdata\.{family}\b|\b{NAME}/data/{family}\b|\b({'|'.join(classes)})\b")
    places = [path.relative_to(PACKAGE) for path in modules() if named.search(path.read_text())]
    return [place for place in places if not place.is_relative_to(f"data/{family}")]


@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_outside_names_a_family(family: str) -> None:
    assert [place for place in naming(family) if place.as_posix() not in MAY_NAME_A_FAMILY] == []


def test_no_exception_is_left_over() -> None:
    places = [place for family in FAMILIES for place in naming(family)]
    assert [each for each in MAY_NAME_A_FAMILY if (PACKAGE / each).exists() and Path(each) not in places] == []


def test_every_room_has_a_place() -> None:
    assert {room_of(path) for path in modules()} - {"__init__"} == set(ROOMS)
