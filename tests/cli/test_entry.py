"""What a user asks for in passing is answered at once."""

import os
import signal
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


@pytest.mark.parametrize(
    "args", [[], ["--help"], ["-h"], ["--version"], ["fit", "--help"], ["predict", "-h"], ["configs"]], ids=str
)
def test_help_version_and_configs_import_nothing_heavy(args):
    assert not modules_after(SAID.format(args=args)) & HEAVY


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert not end.value.code
    assert capsys.readouterr().out == f"modeinterp {lightning_modeinterp.__version__}\n"


PRINTING = """
import sys
from lightning_modeinterp.cli import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize("args", [["configs"], ["--help"]], ids=str)
def test_where_nobody_reads_it_ends_without_a_word(args):
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run([sys.executable, "-c", PRINTING, *args], stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (128 + signal.SIGPIPE, "")


def test_another_broken_pipe_is_an_error(monkeypatch):
    def breaks(args):
        raise BrokenPipeError("of a server")

    monkeypatch.setattr("lightning_modeinterp.cli.configs.main", breaks)
    with pytest.raises(BrokenPipeError, match="of a server"):
        main(["configs"])


def test_what_is_wrong_with_configs_is_one_line(capsys):
    with pytest.raises(SystemExit) as end:
        main(["configs", "--nope"])
    assert end.value.code == 2
    assert capsys.readouterr().err == "modeinterp: configs: unrecognized arguments: --nope\n"
