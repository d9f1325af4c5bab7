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
    duration, chance, num_kills = time.monotonic() - begun, random.Random(0), 0
    for _ in range(NUM_KILLS):
        process = start(tmp_path, tmp_path / "killed")
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=chance.uniform(0.15, 0.4) * duration)
        if process.poll() is not None:
            break
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        num_kills += 1
    assert start(tmp_path, tmp_path / "killed").wait() == 0
    assert num_kills >= 3
    print(f"{num_kills} kills of a recursion of {duration:.0f} s")
    undisturbed, killed = manifests(tmp_path / "undisturbed"), manifests(tmp_path / "killed")
    assert killed.keys() == undisturbed.keys()
    assert {name for name in killed if killed[name] != undisturbed[name]} == set()
