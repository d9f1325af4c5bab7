"""A family is taken away, with all that is its own: in a copy the rest stands as before."""

import os
import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from tests.docs.test_layers import ROOMS
from tests.families import ABSENT, FAMILIES, ROOT
from tests.families.ownership import is_own

FAMILY = "shapes"

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


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The repository without the family."""
    if FAMILY in ABSENT:
        pytest.skip("this is a copy without it")
    return copied_without(FAMILY, tmp_path_factory.mktemp("copy"))


def copied_without(family: str, root: Path) -> Path:
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    for path in map(Path, names):
        if (ROOT / path).exists() and not is_own(family, path):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, root / path, follow_symlinks=False)
    leave_out_of_the_list(root / "lightning_modeinterp/reproduction/claims")
    for command in (["init", "-q"], ["add", "-A"]):  # tests ask git for the files
        subprocess.run(["git", *command], cwd=root, check=True, capture_output=True)
    return root


def leave_out_of_the_list(claims: Path) -> None:
    """Take the lines of claims that are gone out of the list of all."""
    lines, gone = (claims / "__init__.py").read_text().splitlines(keepends=True), set()
    for line in lines:
        taken = re.match(r"from \S+\.claims\.(\w+) import (.+)", line)
        if taken and not (claims / f"{taken[1]}.py").exists():
            gone |= {line, *(f"        {name}(),\n" for name in taken[2].split(", "))}
    (claims / "__init__.py").write_text("".join(line for line in lines if line not in gone))


def run(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}  # not of this test
    environment = ours | {"PYTHONPATH": str(copy), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, *arguments], cwd=copy, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-5_000:] + done.stderr[-2_000:]
    return done


def test_nothing_of_it_is_left(copy):
    exported = import_module(f"lightning_modeinterp.data.{FAMILY}").__all__
    named = re.compile(rf"data\.{FAMILY}|preset\.{FAMILY}|\b{FAMILY}(_\w+)?\.yaml|\b({'|'.join(exported)})\b")
    package = copy / "lightning_modeinterp"
    left = [path.relative_to(package).as_posix() for path in package.rglob("*.py") if named.search(path.read_text())]
    assert set(left) == {"moved_names.py", "reproduction/preset.py"}  # where it was, and how large its claims are
    assert len(list((copy / "configs/experiment").iterdir())) > 10


@pytest.mark.slow
def test_the_package_imports_helps_and_fits(copy):
    printed = run(copy, "-c", FIT.format(root=str(copy))).stdout
    assert "modeinterp" in printed
    assert (copy / "runs/gaussian_1d/seed_0/checkpoints/last.ckpt").is_file()


@pytest.mark.slow
@pytest.mark.timeout(3_600)  # all tests of the default run take six to nine minutes on two idle cores
def test_all_other_tests_pass(copy):
    options = ("-q", "-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder", "-p", "no:cacheprovider")
    printed = run(copy, "-m", "pytest", *options).stdout
    print(printed.splitlines()[-1])
    assert " passed" in printed


THERE = [family for family in FAMILIES if family not in ABSENT]


@pytest.mark.slow  # of one family the test above imports all of it
@pytest.mark.parametrize("family", THERE)
def test_all_rooms_below_the_claims_import_without_any_family(family, tmp_path):
    """Claims are about the families, and the command line lists them."""
    package = tmp_path / "lightning_modeinterp"
    shutil.copytree(ROOT / "lightning_modeinterp", package, ignore=shutil.ignore_patterns("__pycache__"), symlinks=True)
    shutil.rmtree(package / "data" / family)
    script = "".join(f"import lightning_modeinterp.{room}\n" for room in ROOMS[: ROOMS.index("reproduction")])
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
