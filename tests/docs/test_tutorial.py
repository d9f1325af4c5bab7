"""The tutorial, command by command, as long as it takes; as a page and as a notebook."""

import json
import os
import re
import shlex
import sys
from pathlib import Path

import pytest

from lightning_modeinterp.cli import main

from .test_snippets import ROOT

PAGE = (ROOT / "docs/tutorial.md").read_text()
COMMANDS = re.findall(r"^modeinterp (.*)$", PAGE, flags=re.MULTILINE)
NOTEBOOK = ROOT / "examples/ten_minutes.ipynb"


STARTS = ("hallucination rate", "removed at", "AUROC", "threshold finished", "keep finished")
"""Of the lines with numbers that the page shows."""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_tutorial_runs_and_its_numbers_are_those_that_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for line in COMMANDS:
        main(shlex.split(line))
    printed = capsys.readouterr().out
    shown = [line for line in PAGE.splitlines() if line.startswith(STARTS)]
    assert len(shown) == len(STARTS)
    for line in shown:  # another machine rounds otherwise, so numbers may differ in their last digits
        (start,) = [each for each in STARTS if line.startswith(each)]
        (found,) = [each for each in printed.splitlines() if each.startswith(start)]
        assert values(found) == pytest.approx(values(line), rel=0.03), line


def values(line: str) -> list[float]:
    """The numbers in a line."""
    return [float(each.replace(",", "")) for each in re.findall(r"\d[\d,]*(?:\.\d+)?", line)]


def test_the_notebook_has_the_commands_of_the_page_and_its_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert re.findall(r"^!modeinterp (.*)$", "\n".join(code), flags=re.MULTILINE) == COMMANDS
    assert json.dumps(cells).count("image/png") == 4
    assert "keep finished" in json.dumps(cells)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=800, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute()
    assert (tmp_path / "kept/manifest.json").is_file()
