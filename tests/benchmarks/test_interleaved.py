"""The arithmetic of the benchmarks; no time is measured."""

import argparse
import json
import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from interleaved import (
    Side,
    Spread,
    Times,
    add_device,
    add_rounds,
    interleave,
    publish,
    speedup,
    speedup_rows,
    speedup_table,
)
from report import with_tables


def test_sides_take_turns_and_every_other_round_goes_backwards():
    order = []
    sides = {name: Side(lambda name=name: order.append(name)) for name in "ab"}
    times = interleave(sides, rounds=3)
    assert "".join(order) == "ab" + "ab" + "ba" + "ab"  # the first pair is not counted
    assert [len(each.cpu) for each in times.values()] == [3, 3]


def test_speed_is_the_ratio_within_a_round():
    # a machine that gets three times slower changes no ratio
    assert speedup([2.0, 6.0, 2.0], [1.0, 3.0, 1.0]) == Spread(2.0, 2.0, 2.0)
    spread = speedup([2.0, 4.0, 8.0], [1.0, 1.0, 1.0])
    assert (spread.median, spread.low, spread.high) == (4.0, 3.0, 6.0)


def test_times_are_by_unit_of_work(monkeypatch):
    ticks = iter(range(100))
    monkeypatch.setattr("interleaved.time.process_time", lambda: float(next(ticks)))
    times = interleave({"a": Side(lambda: None, work=4.0)}, rounds=2)
    assert times["a"].cpu == [0.25, 0.25]


def test_a_table_has_a_row_a_side_and_names_the_baseline():
    times = {"peer": Times([4e-9, 4e-9], [8e-9, 8e-9]), "ours": Times([1e-9, 1e-9], [4e-9, 4e-9])}
    rows = speedup_rows(times, "peer", 1, 1e-9)
    assert [row["x_cpu"]["median"] for row in rows] == pytest.approx([1, 4])
    assert [row["x_wall"]["median"] for row in rows] == pytest.approx([1, 2])
    text = speedup_table(rows, "peer", "ns a step")
    assert "speed over peer" in text
    assert "| ours | 1 | 1.0 [1.0, 1.0] | 4.00 [4.00, 4.00] | 2.00 [2.00, 2.00] |" in text
    on_a_gpu = speedup_table(rows, "peer", "ns a step", "cuda")
    assert "| side | wall ns a step" in on_a_gpu
    assert "| ours | 4.0 [4.0, 4.0] | 2.00 [2.00, 2.00] |" in on_a_gpu


def test_a_result_says_when_where_and_with_what(tmp_path):
    publish("x", {"rounds": 7}, [{"side": "a"}], "| a |\n", tmp_path)
    record = json.loads((tmp_path / "x.json").read_text())
    assert record["settings"] == {"rounds": 7}
    assert record["rows"] == [{"side": "a"}]
    assert {"date", "machine", "versions"} <= record.keys()
    assert "rounds 7" in (tmp_path / "x.md").read_text()


def test_the_page_takes_the_tables_that_are_there_and_keeps_the_others(tmp_path):
    (tmp_path / "a.md").write_text("| new |\n")
    page = "before\n<!-- table: a -->\nold\n<!-- end -->\nbetween\n<!-- table: b -->\nkept\n<!-- end -->\nafter\n"
    once = with_tables(page, tmp_path)
    assert "old" not in once
    assert all(text in once for text in ("before", "| new |", "between", "kept", "after"))
    assert with_tables(once, tmp_path) == once


@pytest.mark.parametrize(("given", "line"), [("tpu", "expected cpu or cuda, got tpu"), ("cuda", "found none")])
def test_a_device_that_is_not_there_is_one_line(given, line, monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    parser = argparse.ArgumentParser()
    add_device(parser)
    assert parser.parse_args([]).device == "cpu"
    with pytest.raises(SystemExit):
        parser.parse_args(["--device", given])
    assert line in capsys.readouterr().err.splitlines()[-1]


def test_one_round_is_refused_in_one_line(capsys):
    parser = argparse.ArgumentParser()
    add_rounds(parser, default=7)
    assert (parser.parse_args([]).rounds, parser.parse_args(["--rounds", "2"]).rounds) == (7, 2)
    with pytest.raises(SystemExit):
        parser.parse_args(["--rounds", "1"])
    assert "expected at least 2" in capsys.readouterr().err.splitlines()[-1]
