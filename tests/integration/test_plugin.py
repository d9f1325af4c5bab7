"""The package of examples/plugin passes its own tests where it is installed: its parts work by config alone."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "examples" / "plugin"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Folder that the package is installed to, beside a copy of its source: a build leaves files behind."""
    folder = tmp_path_factory.mktemp("plugin")
    shutil.copytree(PLUGIN, folder / "source", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build"))
    options = ["-q", "--no-deps", "--no-build-isolation", "--no-compile", "--target", str(folder / "site")]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(folder / "source")], check=True)
    shutil.rmtree(folder / "source" / "src")  # what runs is what was installed
    return folder


def test_it_passes_its_own_tests_where_it_is_installed(installed):
    path = os.pathsep.join(map(str, (installed / "site", ROOT)))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--disable-warnings"]
    ran = subprocess.run(
        command, cwd=installed / "source", env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout
    assert " passed" in ran.stdout
    assert "skipped" not in ran.stdout
