"""Who may import whom. A new room gets its line here."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import lightning_modeinterp

PACKAGE = Path(lightning_modeinterp.__file__).parent
NAME = lightning_modeinterp.__name__

GROUND = {"errors", "records", "files", "fingerprints"}
DIFFUSION = GROUND | {"distributions", "diffusion"}
DATA = DIFFUSION | {"denoisers", "support", "datasets", "metrics"}
MODULES = DATA | {"datamodules"}
CALLBACKS = MODULES | {"sample_store", "provenance", "modules", "figures", "loggers"}

MAY_IMPORT = {
    "__init__": set(),
    "errors": set(),
    "records": {"errors"},
    "files": set(),
    "fingerprints": set(),
    "provenance": GROUND,
    "threads": GROUND,
    "sample_store": GROUND,
    "distributions": GROUND,
    "diffusion": GROUND | {"distributions"},
    "denoisers": DIFFUSION,
    "support": DIFFUSION,
    "datasets": DIFFUSION | {"sample_store"},
    "metrics": GROUND,
    "datamodules": DATA | {"sample_store"},
    "modules": MODULES,
    "figures": GROUND | {"metrics.functional"},
    "testing": CALLBACKS | {"reproduction"},
    "callbacks": CALLBACKS,
    "run_directory": GROUND,
    "replaced": GROUND | {"run_directory"},
    "checkpoints": GROUND | {"run_directory"},
    "loggers": GROUND | {"run_directory"},
    "reproduction": CALLBACKS | {"callbacks"},
    "cli": CALLBACKS | {"callbacks", "loggers", "run_directory", "replaced", "checkpoints", "threads", "reproduction"},
    "__main__": {"cli"},
}

FIGURE_USERS = (
    "callbacks/bottleneck.py",
    "callbacks/figure_logger.py",
    "callbacks/sample_figures.py",
    "callbacks/score_figures.py",
    "reproduction/panels.py",
)

HEAVY = {
    "lightning": {"datamodules", "modules", "callbacks", "loggers", "cli"},
    "pytorch_lightning": set(),  # the same under its other name
    "matplotlib": {"figures", *FIGURE_USERS},  # the others name the type of a figure
    "wandb": {"callbacks", "loggers", "cli"},
    "diffusers": {"denoisers/diffusers_unet.py"},
    "sklearn": {"callbacks/bottleneck.py"},
    "jsonargparse": {"cli", "loggers", "reproduction/run_data.py"},  # it imports what a config names
    "importlib.import_module": {"cli"},
}


def imports_of(path: Path) -> Iterator[str]:
    """Dotted names, with what is taken from them: ``from a.b import c`` gives ``a.b.c``."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_within(name: str, package: str) -> bool:
    return f"{name}.".startswith(f"{package}.")


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_come_from_below(path: Path) -> None:
    room = room_of(path)
    allowed = MAY_IMPORT[room] | {room}
    ours = [name.removeprefix(f"{NAME}.") for name in imports_of(path) if is_within(name, NAME)]
    ours = [name for name in ours if name != "__version__"]
    assert [name for name in ours if not any(is_within(name, each) for each in allowed)] == []


@pytest.mark.parametrize("library", HEAVY)
def test_heavy_libraries_stay_in_their_rooms(library: str) -> None:
    users = {path for path in modules() if any(is_within(name, library) for name in imports_of(path))}
    allowed = HEAVY[library]
    strangers = {p for p in users if room_of(p) not in allowed and p.relative_to(PACKAGE).as_posix() not in allowed}
    assert strangers == set()


@pytest.mark.parametrize("path", FIGURE_USERS)
def test_others_take_no_more_than_the_type_of_a_figure(path: str) -> None:
    names = imports_of(PACKAGE / path)
    assert [name for name in names if is_within(name, "matplotlib")] == ["matplotlib.figure.Figure"]


def test_every_room_has_a_place() -> None:
    assert {room_of(path) for path in modules()} == set(MAY_IMPORT)
