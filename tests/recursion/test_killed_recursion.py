"""A recursion, killed with SIGKILL again and again in any step, ends with the undisturbed one."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest
import yaml
from filelock import FileLock

from .conftest import TINY

NUM_KILLS = 10


def start(folder, out):
    command = [sys.executable, "-m", "lightning_modeinterp", "recurse", "-c", str(folder / "recursion.yaml")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with (folder / "log.txt").open("a") as log:
        return subprocess.Popen(
            [*command, "--out", str(out), "--jobs", "2"],
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def num_begun(folder):
    """Commands that the recursions of a folder have said to begin."""
    log = folder / "log.txt"
    return log.read_text().count(" of ") if log.is_file() else 0


def kill_within(process, folder, wait, num_commands):
    """Kill a recursion and all its commands once it has begun so many commands and some seconds later."""
    until = num_begun(folder) + num_commands
    while process.poll() is None and num_begun(folder) < until:
        time.sleep(0.02)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=wait)
    if process.poll() is not None:
        return False
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return True


def manifests(out):
    """What the recursion and each of its stores and kept samples say."""
    files = [out / "generations.json", *out.glob("runs/*/*/predictions/manifest.json"), *out.glob("runs/*/*/kept/*")]
    return {str(file.relative_to(out)): file.read_bytes() for file in files}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_again_and_again(tmp_path):
    settings = {**TINY, "seeds": [0]}
    (tmp_path / "recursion.yaml").write_text(yaml.safe_dump({"recursion": settings}))
    begun = time.monotonic()
    assert start(tmp_path, tmp_path / "undisturbed").wait() == 0
    a_command, chance = (time.monotonic() - begun) / num_begun(tmp_path), random.Random(0)
    for number in range(NUM_KILLS):
        # every second time as it starts; else once a third command has begun, so of two at a time one has ended
        wait, num_commands = (2 * a_command, 0) if number % 2 else (a_command / 2, 3)
        process = start(tmp_path, tmp_path / "killed")
        assert kill_within(process, tmp_path, chance.uniform(0, wait), num_commands), f"ended before kill {number}"
    assert start(tmp_path, tmp_path / "killed").wait() == 0
    print(f"{NUM_KILLS} kills of a recursion whose commands take {a_command:.1f} s")
    undisturbed, killed = manifests(tmp_path / "undisturbed"), manifests(tmp_path / "killed")
    assert killed.keys() == undisturbed.keys()
    assert {name for name in killed if killed[name] != undisturbed[name]} == set()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_recursion_that_is_stopped_ends_with_its_commands(tmp_path, number):
    (tmp_path / "recursion.yaml").write_text(yaml.safe_dump({"recursion": TINY}))
    process = start(tmp_path, tmp_path / "out")
    while not any((tmp_path / "out").rglob("config_test.yaml")):  # the commands of two arms run side by side
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(number)
    assert process.wait(timeout=120) == 128 + number
    *_, last = (tmp_path / "log.txt").read_text().splitlines()
    assert last == f"modeinterp: recurse: stopped by {number.name}; the same command resumes it"
    for lock in (tmp_path / "out").rglob("*lock"):
        with FileLock(lock).acquire(blocking=False):  # nothing is at work there
            pass
