"""The notebook runs from top to bottom, and shows what it says."""

import re
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")
pytest.importorskip("diffusers")

NOTEBOOK = Path(__file__).parents[2] / "examples" / "any_model.ipynb"


def outputs_of(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def figures_of(notebook):
    return [each for each in outputs_of(notebook) if "image/png" in each.get("data", {})]


def printed_by(notebook):
    return "".join(each.get("text", "") for each in outputs_of(notebook))


def removed_by(notebook):
    """Shares of what is made up, and of what is in support, in percent."""
    pattern = r"removed of what is made up: ([\d.]+)%, of what is in support: ([\d.]+)%"
    return tuple(map(float, re.search(pattern, printed_by(notebook)).groups()))


def test_it_runs_and_its_figures_are_there(monkeypatch):
    stored = nbformat.read(NOTEBOOK, as_version=4)
    notebook = nbformat.from_dict(stored)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbclient.NotebookClient(notebook, timeout=280, kernel_name="python3").execute()
    assert len(figures_of(notebook)) == len(figures_of(stored)) == 2
    for each in (stored, notebook):
        made_up, in_support = removed_by(each)
        assert made_up > 3 * in_support
