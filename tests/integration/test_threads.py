"""The number of threads that a command computes on: chosen by the batch, said, and noted with the samples."""

import json
import os
import subprocess
import sys

import pytest
import torch

from lightning_modeinterp import threads
from lightning_modeinterp.cli import main

from .conftest import CONFIG, NETWORK, SMALL


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """A process on four cores in which nobody has set anything."""
    before = torch.get_num_threads()
    for name in threads.VARIABLES:
        monkeypatch.setenv(name, "")  # kept for later, whatever it was
        monkeypatch.delenv(name)
    monkeypatch.setattr(threads, "_cores", lambda: set(range(4)))
    monkeypatch.setattr(threads, "_is_default", lambda now: True)
    monkeypatch.setattr(threads, "_chosen", None)
    yield
    torch.set_num_threads(before)


BLOCK = 2 * threads.NUMBERS_A_THREAD


@pytest.mark.parametrize(
    ("command", "options", "number"),
    [
        ("fit", (), 1),
        ("fit", (f"--data.init_args.size={BLOCK}", f"--data.init_args.batch_size={BLOCK}"), 2),
        ("predict", (), 1),
        ("predict", (f"--generation.block_size={BLOCK}",), 2),
        ("test", (f"--generation.block_size={BLOCK}", "--num_threads=3"), 3),
    ],
    ids=str,
)
def test_a_command_says_on_how_many_threads_it_computes(run, capsys, command, options, number):
    untrained = () if command == "fit" else ("--allow_untrained=true",)
    run(command, "--trainer.fast_dev_run=1", *untrained, *options)
    assert f"modeinterp: note: threads: {number}" in capsys.readouterr().err
    assert torch.get_num_threads() == number


def test_it_is_noted_with_the_samples_and_changes_none(fitted):
    noted, samples = [], []
    for number in (1, 2):
        fitted("predict", "--ckpt_path=last", f"--num_threads={number}", "--run.overwrite=true")
        store = fitted.folder / "predictions"
        noted.append(json.loads((store / "provenance.json").read_text())[-1]["num_threads"])
        samples.append([shard.read_bytes() for shard in sorted(store.glob("*.safetensors"))])
    assert noted == [1, 2]
    assert samples[0] == samples[1]
    fitted("predict", "--ckpt_path=last", "--num_threads=1")  # goes on with what is there: it is no other setting


def test_none_at_all_is_refused_before_anything_is_written(tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        main(["fit", "-c", str(CONFIG), f"--run.root={tmp_path}", *SMALL, *NETWORK, "--num_threads=0"])
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "modeinterp: num_threads: expected at least 1, or null to choose by batch size, got 0"
    assert not any(tmp_path.iterdir())


def test_threads_that_wait_sleep_unless_the_user_says_otherwise():
    code = "import os, lightning_modeinterp; print(os.environ['OMP_WAIT_POLICY'])"
    for given, expected in ({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE"):
        environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
        said = subprocess.run([sys.executable, "-c", code], env=environment | given, capture_output=True, check=True)
        assert said.stdout.decode().strip() == expected
