"""What a user asks for in passing is answered at once."""

import subprocess
import sys

import pytest

import lightning_modeinterp
from lightning_modeinterp.cli import main

HEAVY = {"torch", "lightning", "jsonargparse", "matplotlib", "numpy", "scipy", "sklearn", "torchmetrics", "wandb"}
SAID = """
from lightning_modeinterp.cli import main
try:
    main({args})
except SystemExit as end:
    assert not end.code
"""
IMPORTED = "print(*{name.partition('.')[0] for name in sys.modules})"


def modules_after(code):
    done = subprocess.run([sys.executable, "-c", f"import sys\n{code}\n{IMPORTED}"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


def test_importing_the_package_imports_nothing_heavy():
    assert "lightning_modeinterp" in modules_after("import lightning_modeinterp")
    assert not modules_after("import lightning_modeinterp") & HEAVY


@pytest.mark.parametrize("name", lightning_modeinterp.__all__)
def test_what_the_package_names_is_imported_when_asked_for(name):
    assert name in dir(lightning_modeinterp)
    assert getattr(lightning_modeinterp, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        lightning_modeinterp.nothing  # noqa: B018  # asking is the test


@pytest.mark.parametrize("args", [[], ["--help"], ["-h"], ["--version"], ["fit", "--help"], ["predict", "-h"]], ids=str)
def test_help_and_version_import_nothing_heavy(args):
    assert not modules_after(SAID.format(args=args)) & HEAVY


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert not end.value.code
    assert capsys.readouterr().out == f"modeinterp {lightning_modeinterp.__version__}\n"
