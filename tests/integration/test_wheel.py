"""A wheel, built from the sdist, away from the checkout: shipped configs are found by name and can be written out."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKED = ("lightning_modeinterp/", "configs/", "pyproject.toml", "README.md", "LICENSE", "CITATION.cff", "MANIFEST.in")
BUILD_SDIST = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdist")
    source = folder / "source"  # a build leaves files behind, which the next one would pack
    ours = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    for path in (Path(name) for name in ours if name.startswith(PACKED) and (ROOT / name).exists()):
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, source / path, follow_symlinks=False)
    subprocess.run([sys.executable, "-c", BUILD_SDIST, str(folder)], cwd=source, check=True, capture_output=True)
    (built,) = folder.glob("*.tar.gz")
    return built


@pytest.fixture(scope="module")
def installed(sdist, tmp_path_factory):
    """A folder with the wheel's content, on the path of processes that start in an empty folder."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ["-q", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(sdist)], check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


@pytest.fixture
def modeinterp(installed, tmp_path):
    def call(*arguments):
        environment = os.environ | {"PYTHONPATH": str(installed), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "lightning_modeinterp", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout

    return call


def test_the_sdist_says_what_it_is(sdist):
    with tarfile.open(sdist) as archive:
        has = {name.partition("/")[2] for name in archive.getnames()}
    assert {"README.md", "LICENSE", "CITATION.cff", "pyproject.toml"} <= has


def test_the_wheel_has_what_the_package_has(installed):
    has = {path.relative_to(installed) for path in installed.rglob("*") if path.is_file()}
    files = subprocess.run(
        ["git", "ls-files", "lightning_modeinterp", "configs"], cwd=ROOT, capture_output=True, text=True
    )
    of_package = [Path(name) for name in files.stdout.split() if not (ROOT / name).is_symlink()]
    of_configs = {Path("lightning_modeinterp") / path for path in of_package if path.parts[0] == "configs"}
    assert len(of_package) > 100
    assert {path for path in of_package if path.parts[0] != "configs"} | of_configs <= has


def test_a_shipped_experiment_runs_in_an_empty_folder(modeinterp, tmp_path):
    short = ["--trainer.max_steps=2", "--trainer.val_check_interval=2", "--generation.monitor.num_samples=0"]
    modeinterp("fit", "-c", "gaussian_1d", "--run.name=x", "--trainer.accelerator=cpu", *short)
    assert (tmp_path / "runs/gaussian_1d/x/checkpoints/last.ckpt").is_file()


def test_configs_are_listed_and_written_out(modeinterp, tmp_path):
    assert "gaussian_1d" in modeinterp("configs")
    modeinterp("configs", "--copy", "mine")
    assert (tmp_path / "mine/experiment/gaussian_1d.yaml").is_file()


@pytest.mark.slow
def test_a_claim_is_run_from_the_wheel(modeinterp, tmp_path):
    modeinterp("reproduce", "nearest-modes", "--preset", "smoke", "--out", "out")
    assert "nearest-modes" in (tmp_path / "out/verdicts.json").read_text()
