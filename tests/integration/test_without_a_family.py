"""A family is taken away, with its configs, claims and tests: in a copy the rest stands as before."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lightning_modeinterp.data import shapes

ROOT = Path(__file__).parents[2]
NAMED = re.compile(rf"data\.shapes|preset\.shapes|\bshapes(_\w+)?\.yaml|\bshapes_32\b|\b({'|'.join(shapes.__all__)})\b")
"""What names the family: its package, its configs, its system of the claims, what it exports."""

FIT = """
import contextlib
import lightning_modeinterp
from lightning_modeinterp.cli import main, run_command
assert lightning_modeinterp.__file__.startswith({root!r})
with contextlib.suppress(SystemExit):
    main(["--help"])
run_command(["fit", "-c", "configs/experiment/gaussian_1d.yaml", "--run.root=runs", "--trainer.max_steps=2",
    "--trainer.accelerator=cpu", "--trainer.val_check_interval=2", "--generation.monitor.num_samples=64",
    "--generation.block_size=32", "--generation.monitor.num_steps=60", "--trainer.enable_progress_bar=false"])
"""

ROOMS = ("callbacks", "cli", "data", "docs/test_layers.py", "docs/test_snippets.py", "fidelity", "sheets", "testing")
"""Of the tests, as many as two minutes allow; beside those of no room."""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The repository without Simple Shapes."""
    root = tmp_path_factory.mktemp("copy")
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    for name in names:
        path = Path(name)
        if not (ROOT / path).exists() or is_of_the_family(path):
            continue
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, root / path, follow_symlinks=False)
    leave_out_of_the_list(root / "lightning_modeinterp/reproduction/claims")
    return root


def is_of_the_family(path: Path) -> bool:
    if path.is_relative_to("lightning_modeinterp/data/shapes"):
        return True
    if path.is_relative_to("configs"):
        return path.stem.startswith("shapes") or "_shapes" in path.stem
    is_claim = path.parent == Path("lightning_modeinterp/reproduction/claims") and path.name != "__init__.py"
    is_test = path.parts[0] == "tests" and path.suffix == ".py"
    return (is_claim or is_test) and bool(NAMED.search((ROOT / path).read_text()))


def leave_out_of_the_list(claims: Path) -> None:
    """Take the lines of claims that are gone out of the list of all."""
    lines, gone = (claims / "__init__.py").read_text().splitlines(keepends=True), set()
    for line in lines:
        taken = re.match(r"from \S+\.claims\.(\w+) import (.+)", line)
        if taken and not (claims / f"{taken[1]}.py").exists():
            gone |= {line, *(f"        {name}(),\n" for name in taken[2].split(", "))}
    assert gone
    (claims / "__init__.py").write_text("".join(line for line in lines if line not in gone))


def run(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(copy), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, *arguments], cwd=copy, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-5_000:] + done.stderr[-2_000:]
    return done


def test_nothing_of_it_is_left(copy):
    package = copy / "lightning_modeinterp"
    left = [path.relative_to(package).as_posix() for path in package.rglob("*.py") if NAMED.search(path.read_text())]
    assert set(left) == {"moved_names.py", "reproduction/preset.py"}  # where it was, and how large its claims are
    assert len(list((copy / "configs/experiment").iterdir())) > 10


def test_the_package_imports_helps_and_fits(copy):
    printed = run(copy, "-c", FIT.format(root=str(copy))).stdout
    assert "modeinterp" in printed
    assert (copy / "runs/gaussian_1d/seed_0/checkpoints/last.ckpt").is_file()


@pytest.mark.slow
def test_other_tests_pass(copy):
    tests = [f"tests/{room}" for room in ROOMS] + [f"tests/{path.name}" for path in (copy / "tests").glob("test_*.py")]
    options = ("-q", "-p", "no:cacheprovider", "-m", "not slow and not gpu and not ddp")
    assert " passed" in run(copy, "-m", "pytest", *options, *tests).stdout


@pytest.mark.parametrize(
    "family", ["gaussian", *(pytest.param(name, marks=pytest.mark.slow) for name in ("hands", "mnist", "shapes"))]
)
def test_all_rooms_below_the_claims_import_without_any_family(family, tmp_path):
    """Claims are about the families, and the command line lists them."""
    package = tmp_path / "lightning_modeinterp"
    shutil.copytree(ROOT / "lightning_modeinterp", package, ignore=shutil.ignore_patterns("__pycache__"), symlinks=True)
    shutil.rmtree(package / "data" / family)
    rooms = sorted(path.parent.name for path in package.glob("*/__init__.py"))
    below = [room for room in rooms if room not in ("reproduction", "testing", "cli")]
    script = "".join(f"import lightning_modeinterp.{room}\n" for room in below)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
