"""The tutorial, command by command, as long as it takes."""

import re
import shlex
from pathlib import Path

import pytest

from lightning_modeinterp.cli import main

from .test_snippets import ROOT

PAGE = (ROOT / "docs/tutorial.md").read_text()


STARTS = ("hallucination rate", "removed at", "AUROC", "threshold finished", "keep finished")
"""Of the lines with numbers that the page shows."""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_tutorial_runs_and_its_numbers_are_those_that_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for line in re.findall(r"^modeinterp (.*)$", PAGE, flags=re.MULTILINE):
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
