"""What a reproduction leaves for the docs."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import claims
import pytest
from report import with_tables

from lightning_modeinterp.reproduction import report


def record(question):
    """What is kept of a claim of one finding."""
    finding = {
        "question": question,
        "claimed": "below",
        "bound": 1.0,
        "mean": 0.5,
        "low": 0.4,
        "high": 0.6,
        "seeds": [0.5],
        "verdict": "holds",
    }
    return {"figures of the paper": ["1_1"], "findings": [finding]}


def test_what_was_decided_takes_the_place_of_what_was_known_of_it_and_the_rest_stays(tmp_path):
    new, known = tmp_path / "reproduction", tmp_path / "results"
    for path in (new / "distance/new.png", new / "runs/log.txt", known / "distance/old.png", known / "kept/old.png"):
        path.parent.mkdir(parents=True)
        path.write_text("")
    report.add(new, {"distance": record("new")})
    report.add(known, {"distance": record("old"), "kept": record("kept")})
    claims.take(new, known)
    assert {str(path.relative_to(known)) for path in known.rglob("*.png")} == {"distance/new.png", "kept/old.png"}
    assert not (known / "runs").exists()
    verdicts = json.loads((known / "verdicts.json").read_text())
    assert {name: each["findings"][0]["question"] for name, each in verdicts.items()} == {
        "distance": "new",
        "kept": "kept",
    }
    assert (known / "table.md").read_text() == report.table(verdicts)


def test_a_claim_replaces_nothing_outside_the_results(tmp_path):
    known, private = tmp_path / "docs/results", tmp_path / "docs/private"
    for folder in (known, private, tmp_path / "private"):
        folder.mkdir(parents=True)
    report.add(tmp_path, {"../private": record("theirs")})
    with pytest.raises(SystemExit, match=r"expected names of claims such as true-score, got '\.\./private'"):
        claims.take(tmp_path, known)
    assert private.is_dir()


def test_a_table_takes_its_place_on_the_page(tmp_path):
    (tmp_path / "table.md").write_text("new\n")
    page = "before\n<!-- table: table -->\nold\n<!-- end -->\nafter"
    assert with_tables(page, tmp_path) == "before\n<!-- table: table -->\n\nnew\n\n<!-- end -->\nafter"
