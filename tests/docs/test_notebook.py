"""The notebook runs from top to bottom, and shows what it says."""

import re
from pathlib import Path

import pytest
from matplotlib import pyplot

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("diffusers")

NOTEBOOK = Path(__file__).parents[2] / "examples" / "any_model.ipynb"


@pytest.fixture
def stored():
    return nbformat.read(NOTEBOOK, as_version=4)


def outputs_of(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def num_figures_of(notebook):
    return sum("image/png" in each.get("data", {}) for each in outputs_of(notebook))


def printed_by(notebook):
    return "".join(each.get("text", "") for each in outputs_of(notebook))


def removed_by(text):
    """Share of what is made up, as a multiple of that of what is in support."""
    pattern = r"removed of what is made up: ([\d.]+)%, of what is in support: ([\d.]+)%"
    made_up, in_support = map(float, re.search(pattern, text).groups())
    return made_up / in_support


def test_what_is_stored_has_its_figures(stored):
    assert num_figures_of(stored) == 2
    assert removed_by(printed_by(stored)) > 3


def test_its_code_runs(stored, monkeypatch, capsys):
    """In this process, with a shorter training."""
    shown = []
    monkeypatch.setattr(pyplot, "show", lambda: shown.append(pyplot.gcf().number))
    code = "\n".join(cell.source for cell in stored.cells if cell.cell_type == "code")
    assert "NUM_UPDATES = 3000" in code
    exec(compile(code.replace("NUM_UPDATES = 3000", "NUM_UPDATES = 1000"), str(NOTEBOOK), "exec"), {})
    pyplot.close("all")
    assert len(shown) == 2
    assert removed_by(capsys.readouterr().out) > 2


@pytest.mark.slow
def test_it_runs_in_jupyter(stored):
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    notebook = nbformat.from_dict(stored)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbclient.NotebookClient(notebook, timeout=280, kernel_name="python3").execute()
    assert num_figures_of(notebook) == 2
    assert removed_by(printed_by(notebook)) > 3
