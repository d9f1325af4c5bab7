"""One row in W&B for each that is handed to it, whatever its server does; the real client is in test_wandb.py."""

import os
import subprocess
import sys
from typing import Any

import pytest
from lightning.pytorch.loggers import WandbLogger

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.loggers.steady_wandb import STEP, SteadyWandbLogger

wandb = pytest.importorskip("wandb")


class Client:
    """A W&B run whose server refuses tables."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.num_asked = 0

    def log(self, row: dict[str, Any]) -> None:
        if any(isinstance(value, wandb.Table) for value in row.values()):
            self.num_asked += 1
            raise wandb.errors.CommError("500")
        self.rows.append(row)


@pytest.fixture
def client(monkeypatch):
    run = Client()
    monkeypatch.setattr(WandbLogger, "experiment", property(lambda _: run))
    return run


def test_a_refused_table_leaves_its_row_and_is_the_last(client):
    logger = SteadyWandbLogger()
    with pytest.warns(UserWarning, match="W&B did not accept a table"):
        logger.log_metrics({"rows": wandb.Table(columns=["a"], data=[[1]]), "loss": 0.5}, step=3)
    logger.log_metrics({"rows": wandb.Table(columns=["a"], data=[[1]])}, step=4)
    logger.log_metrics({"loss": 0.25}, step=5)
    assert client.rows == [{"loss": 0.5, STEP: 3}, {STEP: 4}, {"loss": 0.25, STEP: 5}]
    assert client.num_asked == 1


KILLING = """
import os, signal, subprocess, sys, time, warnings
from lightning_modeinterp.loggers import SteadyWandbLogger

logger = SteadyWandbLogger(save_dir=sys.argv[1], project="p")
logger.log_metrics({"loss": 1.0}, step=0)
children = subprocess.run(["ps", "-o", "pid=,comm=", "--ppid", str(os.getpid())], capture_output=True, text=True).stdout
(pid,) = [int(line.split()[0]) for line in children.splitlines() if "wandb" in line]
os.kill(pid, signal.SIGKILL)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for step in range(1, 40):
        logger.log_metrics({"loss": 1.0}, step=step)
        time.sleep(0.05)
logger.finish()
print([str(warning.message)[:32] for warning in caught if "W&B" in str(warning.message)])
"""


def test_the_run_goes_on_where_the_process_of_w_and_b_has_ended(tmp_path):
    """With the real client, in a process of its own, whose child is killed."""
    environment = {**os.environ, "WANDB_MODE": "offline", "WANDB_SILENT": "true"}
    environment.pop("WANDB_SERVICE", None)
    command = [sys.executable, "-c", KILLING, str(tmp_path)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == '["W&B\'s own process has ended, so "]'


def starts(monkeypatch, error):
    """Modes in which a run is started; the first start fails."""
    modes = []

    def start(logger: WandbLogger) -> Client:
        if logger._experiment is None:
            modes.append(logger._wandb_init.get("mode"))
            if len(modes) == 1:
                raise error
            logger._experiment = Client()
        return logger._experiment

    monkeypatch.setattr(WandbLogger, "experiment", property(start))
    monkeypatch.setattr(wandb, "teardown", lambda: None)
    return modes


def test_a_run_that_cannot_be_started_is_started_offline(monkeypatch):
    modes = starts(monkeypatch, wandb.errors.CommError("timed out"))
    logger = SteadyWandbLogger(id="mine")
    with pytest.warns(UserWarning, match="logged offline, for `wandb sync`: timed out"):
        logger.log_metrics({"loss": 1.0}, step=0)
    assert modes == [None, "offline"]
    assert logger._wandb_init["id"] == "mine"


def test_what_the_user_got_wrong_is_not_hidden(monkeypatch):
    starts(monkeypatch, wandb.errors.UsageError("no API key."))
    with pytest.raises(
        ConfigurationError, match=r"trainer\.logger: W&B says: no API key\. To log .* WANDB_MODE=offline"
    ):
        SteadyWandbLogger().log_metrics({"loss": 1.0}, step=0)


@pytest.mark.parametrize(("in_environment", "expected"), [(None, {"finish_timeout": 7.0}), ("3", {})])
def test_timeouts_of_the_environment_win(client, monkeypatch, in_environment, expected):
    monkeypatch.delenv("WANDB_FINISH_TIMEOUT", raising=False)
    if in_environment:
        monkeypatch.setenv("WANDB_FINISH_TIMEOUT", in_environment)
    logger = SteadyWandbLogger(finish_timeout=7.0)
    _ = logger.experiment
    assert logger._wandb_init["settings"] == expected
