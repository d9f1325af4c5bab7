"""Commands as processes: what they end with, what they hold."""

import multiprocessing
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from filelock import FileLock, Timeout

from lightning_modeinterp.runs import command_process
from lightning_modeinterp.runs.command_process import exit_status, start

LISTING, WRONG = ["configs"], ["fit", "-c", "nowhere.yaml"]


@pytest.fixture
def lock(tmp_path):
    return tmp_path / "lock"


@pytest.mark.parametrize("method", ["forkserver", pytest.param("spawn", marks=pytest.mark.slow)])
def test_what_a_command_prints_is_added_to_its_log(method, tmp_path, lock, monkeypatch):
    monkeypatch.setattr(command_process, "_CONTEXT", multiprocessing.get_context(method))
    log = tmp_path / "log.txt"
    log.write_text("before\n")
    assert exit_status(start(LISTING, log, lock)) == 0
    assert log.read_text().startswith("before\n")
    assert "gaussian_1d" in log.read_text()


def test_what_was_wrong_is_in_the_log_and_in_the_status(tmp_path, lock):
    assert exit_status(start(WRONG, tmp_path / "log.txt", lock)) == 2
    (line,) = (tmp_path / "log.txt").read_text().splitlines()
    assert line.startswith("modeinterp: ")
    assert "nowhere.yaml" in line


def test_a_command_starts_where_we_are(tmp_path, lock, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.yaml").write_text("nonsense: 1\n")
    assert exit_status(start(["fit", "-c", "here.yaml"], tmp_path / "log.txt", lock)) == 2
    assert "nonsense" in (tmp_path / "log.txt").read_text()


def test_a_command_has_our_environment_of_now(tmp_path, lock, monkeypatch):
    monkeypatch.setenv("MODEINTERP_DEBUG", "1")  # a traceback instead of a line
    assert exit_status(start(WRONG, tmp_path / "log.txt", lock)) == 1
    assert "Traceback" in (tmp_path / "log.txt").read_text()


def test_the_statuses_of_many_at_once_are_told_apart(tmp_path, lock):
    def run(number):
        args = WRONG if number % 3 == 0 else LISTING
        return exit_status(start(args, tmp_path / f"log_{number}.txt", lock))

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(run, range(12)))
    assert statuses == [2 if number % 3 == 0 else 0 for number in range(12)]


def test_what_outlives_us_holds_the_lock(tmp_path, lock):
    log, gate = tmp_path / "log.txt", FileLock(lock)
    os.mkfifo(log)  # the command waits until somebody reads
    with gate:
        process = start(LISTING, log, lock)
        time.sleep(0.5)
        assert process.is_alive()  # it waits for us
    while True:  # until it has what we let go
        try:
            gate.acquire(blocking=False)
            gate.release()
            time.sleep(0.01)  # while we do not hold it
        except Timeout:
            break
    assert "gaussian_1d" in log.read_text()
    assert exit_status(process) == 0
    with gate.acquire(blocking=False):
        pass
