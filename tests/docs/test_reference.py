"""The documentation builds, its links and anchors lead somewhere, and the reference has every public name."""

import pkgutil
import subprocess
import sys
import zlib
from importlib import import_module
from pathlib import Path

import pytest

import lightning_modeinterp
from tests.families import ABSENT

if ABSENT:
    pytest.skip(f"the reference has names of {ABSENT} too", allow_module_level=True)
pytest.importorskip("mkdocs")
pytest.importorskip("mkdocstrings")

ROOT = Path(__file__).parents[2]
BELOW = pkgutil.walk_packages(lightning_modeinterp.__path__, f"{lightning_modeinterp.__name__}.")
EXPORTING = [
    name
    for name in (lightning_modeinterp.__name__, *(each.name for each in BELOW if each.ispkg))
    if hasattr(import_module(name), "__all__")
]


@pytest.fixture(scope="module")
def inventory(tmp_path_factory):
    """Names of all objects in the built pages. With `strict` a link or an anchor that is not there fails the build."""
    site = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(site)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    *_, lines = (site / "objects.inv").read_bytes().split(b"\n", 4)  # four lines of heading
    return {line.split()[0] for line in zlib.decompress(lines).decode().splitlines()}


@pytest.mark.parametrize("package", EXPORTING)
def test_every_export_is_in_the_reference(inventory, package):
    content = import_module(package)
    # a constant does not say which file it is from
    homes = {name: getattr(getattr(content, name), "__module__", package) for name in content.__all__}
    missing = {name for name, home in homes.items() if not {f"{package}.{name}", f"{home}.{name}"} & inventory}
    assert missing == set()


def test_many_packages_export():
    assert len(EXPORTING) > 25
