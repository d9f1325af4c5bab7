"""Launchers and loggers of commands."""

import sys
import time

import pytest
from filelock import FileLock, Timeout

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.runs import CachedRuns, Draw, Fit, How
from lightning_modeinterp.runs.command_process import exit_status, start

PYTHON = [sys.executable, "-B"]


def test_a_launcher_starts_the_command(tmp_path):
    log = tmp_path / "log.txt"
    assert exit_status(start(["configs"], log, tmp_path / "lock", How(PYTHON))) == 0  # which needs no torch
    assert "gaussian_1d" in log.read_text()
    assert exit_status(start(["configs", "--nowhere"], log, tmp_path / "lock", How(PYTHON))) == 2
    assert "--nowhere" in log.read_text()


def test_what_is_launched_holds_the_lock_and_can_be_stopped(tmp_path):
    script = tmp_path / "waits"
    script.write_text('#!/bin/sh\necho "$@"\nexec sleep 60\n')
    script.chmod(0o700)
    lock, log = FileLock(tmp_path / "lock"), tmp_path / "log.txt"
    process = start(["fit", "-c", "x"], log, tmp_path / "lock", How([str(script)]))
    while not log.is_file() or "fit" not in log.read_text():
        time.sleep(0.01)
    assert log.read_text() == "-m lightning_modeinterp fit -c x\n"
    with pytest.raises(Timeout):
        lock.acquire(blocking=False)
    process.terminate()
    assert exit_status(process) != 0
    lock.acquire(blocking=False)
    lock.release()


def test_a_group_is_in_the_environment(tmp_path):
    script = tmp_path / "says"
    script.write_text('#!/bin/sh\necho "group $WANDB_RUN_GROUP"\n')
    script.chmod(0o700)
    start_how = How([str(script)], group="grid")
    assert exit_status(start(["fit"], tmp_path / "log.txt", tmp_path / "lock", start_how)) == 0
    assert (tmp_path / "log.txt").read_text() == "group grid\n"


def test_a_launcher_that_is_not_there_is_one_line():
    with pytest.raises(ConfigurationError, match=r"--launcher: expected a program on the PATH.*got torchrunn"):
        How(["torchrunn"])


def test_fits_read_the_logger_last_and_nothing_is_a_function_of_how(tmp_path, monkeypatch):
    said = []
    fit = Fit("line", "experiment/gaussian_1d.yaml", ("--seed_everything=1",))
    runs = CachedRuns(tmp_path, how=How(PYTHON, "wandb.yaml", "grid"))

    def ran(self, args, folder, how):
        said.append((args, how))
        (folder / "test_metrics.json").write_text("{}")

    monkeypatch.setattr(CachedRuns, "_call", ran)
    runs.tested(Draw("line", fit))
    (fitted, how), (tested, _) = said
    assert fitted[3:5] == ["-c", "wandb.yaml"]
    assert "wandb.yaml" not in tested
    assert how == runs.how
    assert CachedRuns(tmp_path).has_fit(fit)
