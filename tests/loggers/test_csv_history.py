"""The CSV file goes on where it stood, and is whole at any moment."""

import csv
from pathlib import Path

import pytest
import torch
import yaml

from lightning_modeinterp.loggers import CSVHistory


def logger(folder: Path, keep_before_step: int | None = None, **settings) -> CSVHistory:
    return CSVHistory(folder, name="logs", version="fit", keep_before_step=keep_before_step, **settings)


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "logs/fit/metrics.csv").open() as file:
        return list(csv.DictReader(file))


def log_steps(history: CSVHistory, steps: range, **more: float) -> None:
    for step in steps:
        history.log_metrics({"loss": 1 / (step + 3), **more}, step)


def test_a_row_is_on_disk_at_once(tmp_path):
    history = logger(tmp_path)
    history.log_metrics({"loss": torch.tensor(0.1, dtype=torch.float64), "epoch": 0}, step=4)
    assert rows(tmp_path) == [{"epoch": "0", "loss": "0.1", "step": "4"}]


def test_columns_grow_and_the_file_does_not_depend_on_what_came_first(tmp_path):
    first, second = logger(tmp_path / "first"), logger(tmp_path / "second")
    log_steps(first, range(3))
    log_steps(first, range(3, 5), accuracy=0.5)
    log_steps(second, range(5, 6), accuracy=0.5)
    log_steps(second, range(1), middle=2.0)
    assert (
        (tmp_path / "first/logs/fit/metrics.csv").read_text().startswith("accuracy,loss,step\n,0.3333333333333333,0\n")
    )
    assert (tmp_path / "second/logs/fit/metrics.csv").read_text().startswith("accuracy,loss,middle,step\n")
    assert [row["accuracy"] for row in rows(tmp_path / "first")] == ["", "", "", "0.5", "0.5"]


@pytest.mark.parametrize("resumed", [0, 1, 4, 7, 20])
def test_resumed_file_is_that_of_an_undisturbed_run(tmp_path, resumed):
    whole, broken = logger(tmp_path / "whole"), logger(tmp_path / "broken")
    for history, stop in ((whole, 10), (broken, 8)):
        log_steps(history, range(min(stop, 5)))
        log_steps(history, range(5, stop), accuracy=0.25)
    log_steps(logger(tmp_path / "broken", keep_before_step=resumed), range(resumed, 5))
    log_steps(logger(tmp_path / "broken", keep_before_step=max(resumed, 5)), range(max(resumed, 5), 10), accuracy=0.25)
    kept = 8 if resumed == 20 else 10
    assert rows(tmp_path / "broken") == rows(tmp_path / "whole")[:kept]
    if kept == 10:
        files = [(tmp_path / name / "logs/fit/metrics.csv").read_bytes() for name in ("whole", "broken")]
        assert files[0] == files[1]


@pytest.mark.parametrize("num_lost", range(1, 30))
def test_a_torn_last_line_is_left_out(tmp_path, num_lost):
    log_steps(logger(tmp_path), range(6))
    path = tmp_path / "logs/fit/metrics.csv"
    content = path.read_bytes()
    path.write_bytes(content[:-num_lost])
    num_whole = content[:-num_lost].count(b"\n") - 1
    resumed = logger(tmp_path, keep_before_step=5)
    log_steps(resumed, range(5, 6))
    assert [int(row["step"]) for row in rows(tmp_path)] == [*range(min(num_whole, 5)), 5]


def test_without_a_step_the_file_begins_anew(tmp_path):
    log_steps(logger(tmp_path), range(6))
    log_steps(logger(tmp_path), range(2), other=1.0)
    assert [row["step"] for row in rows(tmp_path)] == ["0", "1"]


def test_a_logger_that_logs_nothing_touches_nothing(tmp_path):
    log_steps(logger(tmp_path), range(3))
    logger(tmp_path).finalize("success")
    assert len(rows(tmp_path)) == 3


def test_the_file_is_whole_while_it_is_written_anew(tmp_path, monkeypatch):
    history = logger(tmp_path)
    log_steps(history, range(3))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", killed)
    with pytest.raises(KeyboardInterrupt):
        history.log_metrics({"new": 1.0}, 3)
    assert [row["step"] for row in rows(tmp_path)] == ["0", "1", "2"]


def test_prefix_and_hyper_parameters(tmp_path):
    history = logger(tmp_path, prefix="mine")
    history.log_metrics({"loss": 1.0}, 0)
    history.log_hyperparams({"width": 16})
    history.log_hyperparams({"depth": 2})
    assert rows(tmp_path)[0].keys() == {"mine-loss", "step"}
    assert yaml.safe_load((tmp_path / "logs/fit/hparams.yaml").read_text()) == {"width": 16, "depth": 2}
