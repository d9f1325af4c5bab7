"""The page that goes through the paper figure by figure."""

import re
import shlex
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import paper_figures

from lightning_modeinterp.cli import reproduce
from lightning_modeinterp.reproduction import CLAIMS, report
from tests.families import ABSENT, ROOT

PUBLISHED = (
    *("1_1", "4_1", "5_1", "5_2", "6_1", "7_1", "7_2", "9_1", "14_1", "15_1", "15_2"),
    *("16_1", "16_2", "16_3", "16_4", "17_1", "17_2", "18_1", "19_1", "20_1", "21_1", "22_1", "23_1"),
)
"""Figures of the paper's summary."""


def test_the_page_is_up_to_date():
    written = (ROOT / paper_figures.PAGE).read_text()
    made = paper_figures.page(report.read(ROOT / paper_figures.RESULTS))
    assert written == made, "python benchmarks/paper_figures.py writes it anew"


def test_every_figure_has_one_section():
    assert sorted(figure for each in paper_figures.PAPER for figure in each.figures) == sorted(PUBLISHED)


def test_a_claim_stands_where_its_figures_do():
    by_figure = {figure: each for each in paper_figures.PAPER for figure in each.figures}
    for name, claim in CLAIMS.items():
        assert all(name in by_figure[figure].claims for figure in claim.figures), name


def test_what_is_kept_is_shown_with_its_figures():
    records = report.read(ROOT / paper_figures.RESULTS)
    made = paper_figures.page(records)
    about_figures = {name for each in paper_figures.PAPER for name in each.claims}
    for record in (record for name, record in records.items() if name in about_figures):
        assert all(f"](claims/{file})" in made for file in record["figures"])
        assert all(f"| {report.interval(found)} |" in made for found in record["findings"])
    files = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", made)
    assert all((ROOT / "docs/results" / file).is_file() for file in files)


@pytest.mark.skipif(bool(ABSENT), reason="claims of families that were taken away are on the page")
def test_its_commands_decide_the_claims():
    commands = re.findall(r"^modeinterp reproduce (.*)$", paper_figures.page({}), flags=re.MULTILINE)
    asked = [reproduce.parse(shlex.split(command)) for command in commands]
    assert [tuple(claim.name for claim in each.claims) for each in asked] == [
        tuple(each.claims) for each in paper_figures.PAPER
    ]
    assert {each.preset.name for each in asked} == {"cpu"}
