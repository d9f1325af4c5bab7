"""What a reproduction leaves for the docs."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import claims
from report import with_tables


def test_verdicts_table_and_figures_are_taken_and_runs_are_not(tmp_path):
    for name in ("reproduction/distance/seeds.png", "reproduction/runs/fit/log.txt", "results/gone/seeds.png"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(name)
    for name in ("verdicts.json", "table.md", "reproduction.json"):
        (tmp_path / "reproduction" / name).write_text(name)
    claims.take(tmp_path / "reproduction", tmp_path / "results")
    taken = {str(path.relative_to(tmp_path / "results")) for path in (tmp_path / "results").rglob("*.*")}
    assert taken == {"verdicts.json", "table.md", "distance/seeds.png"}
    page = "before\n<!-- table: table -->\nold\n<!-- end -->\nafter"
    filled = "before\n<!-- table: table -->\n\ntable.md\n\n<!-- end -->\nafter"
    assert with_tables(page, tmp_path / "results") == filled
