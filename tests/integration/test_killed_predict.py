"""predict, killed with SIGKILL again and again, with one process and with two, ends with the undisturbed store."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from lightning_modeinterp.sample_store import SampleStore

from .conftest import CONFIG, NETWORK, ROOT, SMALL

pytestmark = pytest.mark.slow
NUM_KILLS = 10
SETTINGS = (
    "--generation.num_samples=12_000",
    "--trainer.callbacks=[{class_path: SampleStoreCallback, init_args: {seconds: 0}}]",
    "--trainer.enable_progress_bar=false",
)


def start(checkpoint, root, num_processes):
    """Start predict in a process group of its own."""
    command = [sys.executable, "-m", "lightning_modeinterp", "predict", "-c", str(CONFIG), f"--run.root={root}"]
    parallel = [f"--trainer.devices={num_processes}"] + ["--trainer.strategy=ddp"] * (num_processes > 1)
    options = [*SMALL, *NETWORK, *SETTINGS, f"--ckpt_path={checkpoint}", *parallel]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([*command, *options], env=environment, start_new_session=True, **quiet)


def parts_of(root):
    return len(list((root / "gaussian_1d/seed_0/predictions/unfinished").glob("part-*")))


def kill_after(process, root, num_new, delay):
    """Kill all processes some time after so many new parts; returns whether it was still running."""
    before = parts_of(root)
    while process.poll() is None and parts_of(root) < before + num_new:
        time.sleep(0.005)
    time.sleep(delay)
    was_running = process.poll() is None
    with suppress(ProcessLookupError):  # it has ended by itself, and nobody is left in its group
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return was_running


def store_of(root):
    files = (root / "gaussian_1d/seed_0/predictions").rglob("*")
    return {file.name: file.read_bytes() for file in files if file.is_file() and file.name != "provenance.json"}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("num_processes", [1, 2])
def test_killed_again_and_again(fitted, tmp_path, num_processes):
    checkpoint = fitted.folder / "checkpoints/last.ckpt"
    assert start(checkpoint, tmp_path / "undisturbed", 1).wait() == 0
    chance, num_kills = random.Random(num_processes), 0
    for _ in range(NUM_KILLS):
        process = start(checkpoint, tmp_path / "killed", num_processes)
        num_new = chance.choice([0, 1, 5, 20, 40])
        num_kills += kill_after(process, tmp_path / "killed", num_new, chance.uniform(0, 0.05 if num_new else 8))
    there = parts_of(tmp_path / "killed")
    assert start(checkpoint, tmp_path / "killed", num_processes).wait() == 0
    print(f"{num_processes} processes: {num_kills} kills, {there} of 375 blocks there before the last start")
    assert num_kills >= NUM_KILLS // 2
    assert store_of(tmp_path / "killed") == store_of(tmp_path / "undisturbed")
    assert len(SampleStore.open(tmp_path / "killed/gaussian_1d/seed_0/predictions")) == 12_000
