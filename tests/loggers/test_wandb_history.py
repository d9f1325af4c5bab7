"""What W&B gets of a fit that was killed: every row once, whatever it had got before."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch.loggers import WandbLogger

from lightning_modeinterp.loggers.wandb_history import STEP, SentRows, WandbHistory


class FakeRun:
    """A W&B run that has got the first rows of an earlier process."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows

    @property
    def starting_step(self) -> int:
        return len(self.rows)

    def log(self, row: dict[str, Any]) -> None:
        self.rows.append(row)


@pytest.fixture
def server(monkeypatch):
    """Rows of each W&B run by its id; a logger starts or resumes the run of its id."""
    runs: dict[str, FakeRun] = {}

    def experiment(logger: WandbLogger) -> FakeRun:
        return runs.setdefault(logger._wandb_init["id"], FakeRun([]))

    monkeypatch.setattr(WandbLogger, "experiment", property(experiment))
    return runs


def history(folder: Path, keep_before_step: int | None = None, **settings: Any) -> WandbHistory:
    record = folder / "logs/fit/wandb.jsonl"
    return WandbHistory(record=record, keep_before_step=keep_before_step, save_dir=str(folder), **settings)


def log(logger: WandbHistory, steps: range) -> None:
    """A training row at each step, and at every third one a row of a validation."""
    for step in steps:
        logger.log_metrics({"train/loss": 1 / (step + 3)}, step)
        if step % 3 == 2:
            logger.log_metrics({"val/loss": 2 / (step + 3)}, step)


def wanted(num_steps: int) -> list[dict[str, float]]:
    rows = []
    for step in range(num_steps):
        rows.append({"train/loss": 1 / (step + 3), STEP: step})
        if step % 3 == 2:
            rows.append({"val/loss": 2 / (step + 3), STEP: step})
    return rows


@pytest.mark.parametrize("num_got", range(14))
@pytest.mark.parametrize("checkpoint", [1, 3, 5, 8])
def test_every_row_once_whatever_w_and_b_had_got(server, tmp_path, num_got, checkpoint):
    """10 steps are logged before the kill, 13 rows; W&B has got the first of them."""
    log(history(tmp_path), range(10))
    ((name, run),) = server.items()
    del run.rows[num_got:]
    log(history(tmp_path, keep_before_step=checkpoint), range(checkpoint, 12))
    assert server.keys() == {name}
    assert run.rows == wanted(12)


def test_many_kills(server, tmp_path):
    rng = random.Random(0)
    checkpoint: int | None = None
    for _ in range(20):
        start = checkpoint or 0
        stop = min(start + rng.randint(0, 6), 40)
        log(history(tmp_path, checkpoint), range(start, stop))
        checkpoint = rng.randint(start, stop) if checkpoint is not None else 0
        for run in server.values():
            del run.rows[rng.randint(0, len(run.rows)) :]
    log(history(tmp_path, checkpoint), range(checkpoint or 0, 40))
    assert list(server.values())[-1].rows == wanted(40)


def test_a_cold_start_is_a_new_run(server, tmp_path):
    log(history(tmp_path), range(4))
    log(history(tmp_path), range(2))
    assert [len(run.rows) for run in server.values()] == [5, 2]


def test_an_id_of_the_user_stays(server, tmp_path):
    log(history(tmp_path, id="mine"), range(1))
    log(history(tmp_path, version="theirs"), range(1))
    assert list(server) == ["mine", "theirs"]


@pytest.mark.parametrize("num_lost", range(1, 60))
def test_a_torn_record_keeps_its_whole_lines(tmp_path, num_lost):
    rows = SentRows(tmp_path / "wandb.jsonl")
    for step in range(6):
        rows.append({"loss": 0.1 * step, STEP: step})
    content = rows.path.read_bytes()
    rows.path.write_bytes(content[:-num_lost])
    again = SentRows(rows.path, keep_before_step=5)
    num_whole = content[:-num_lost].count(b"\n") - 1
    assert again.rows == [{"loss": 0.1 * step, STEP: step} for step in range(min(num_whole, 5))]
    assert again.run_id == rows.run_id
    assert len(rows.path.read_text().splitlines()) == 1 + len(again.rows)


def test_only_numbers_and_text_are_written_down(tmp_path):
    rows = SentRows(tmp_path / "wandb.jsonl")
    rows.append({"loss": float("nan"), "picture": [object()], "text": "a", STEP: 0})
    kept = json.loads(rows.path.read_text().splitlines()[1])
    assert kept.keys() == {"loss", "text", STEP}


@pytest.mark.usefixtures("offline_wandb")
def test_offline_the_newest_folder_holds_the_whole_history(tmp_path):
    """With the real client, which tells nothing of an earlier offline run."""
    from tests.integration.log_readers import finish_wandb, wandb_rows

    log(history(tmp_path, project="p"), range(5))
    finish_wandb(tmp_path)
    log(history(tmp_path, keep_before_step=4, project="p"), range(4, 7))
    finish_wandb(tmp_path)
    assert len(list(tmp_path.glob("wandb/offline-run-*"))) == 2
    assert wandb_rows(tmp_path) == wanted(7)
