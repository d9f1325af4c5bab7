"""Ctrl-C and SIGTERM: what has been trained is saved, and the command that goes on is said."""

import os
import shlex
import signal
import subprocess
import sys
import time

import pytest
import torch
from lightning.pytorch.callbacks import Callback

from lightning_modeinterp.cli import main

from .conftest import CONFIG, NETWORK, ROOT, SMALL, Runner
from .test_killed_fit import differences

STATUS = {"SIGINT": 130, "SIGTERM": 143}


class Sends(Callback):
    """Send this process signals in one hook, once training has come to a step."""

    def __init__(self, signals: list[str], hook: str, step: int) -> None:
        self.signals = list(signals)
        setattr(self, hook, lambda trainer, *_, **__: trainer.global_step == step and self._send())

    def _send(self):
        while self.signals:
            os.kill(os.getpid(), getattr(signal, self.signals.pop(0)))


def sending(signals, hook="on_train_batch_end", step=3):
    arguments = f"{{signals: [{', '.join(signals)}], hook: {hook}, step: {step}}}"
    return f"--trainer.callbacks=[{{class_path: {__name__}.Sends, init_args: {arguments}}}]"


def stopped(arguments, capsys):
    """Exit status and last line of a command that does not come to its end."""
    handlers = [signal.getsignal(getattr(signal, name)) for name in STATUS]
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert [signal.getsignal(getattr(signal, name)) for name in STATUS] == handlers
    return exit_.value.code, capsys.readouterr().err.strip().splitlines()[-1]


def arguments(run, command, *options):
    return [command, "-c", str(CONFIG), f"--run.root={run.root}", *SMALL, *NETWORK, *options]


def checkpoint_of(run):
    return torch.load(run.folder / "checkpoints/last.ckpt", weights_only=True)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    run = Runner(tmp_path_factory.mktemp("whole"))
    run("fit", sending([]))
    return run


@pytest.mark.parametrize(
    ("name", "hook", "step", "saved"),
    [
        ("SIGTERM", "on_train_batch_start", 0, 1),
        ("SIGINT", "on_train_batch_end", 3, 3),
        ("SIGTERM", "on_train_batch_end", 6, 6),  # a validation follows, and is taken along
        ("SIGINT", "on_train_batch_end", 8, 9),  # the end of an epoch
        ("SIGTERM", "on_validation_batch_end", 6, 7),
    ],
)
def test_a_fit_that_is_stopped_goes_on_as_if_it_was_not(whole, tmp_path, capsys, name, hook, step, saved):
    run = Runner(tmp_path)
    status, line = stopped(arguments(run, "fit", sending([name], hook, step)), capsys)
    assert status == STATUS[name]
    start, command = line.split("; resume with: ")
    assert start == (
        f"modeinterp: stopped by {name} at step {saved}, which is saved in {run.folder / 'checkpoints/last.ckpt'}"
    )
    assert checkpoint_of(run)["global_step"] == saved
    program, *given = shlex.split(command)
    assert program == "modeinterp"
    main([each.replace(name, "") for each in given])  # the same, but for the signal
    assert differences(checkpoint_of(whole), checkpoint_of(run)) == []
    assert (run.folder / "logs/fit/metrics.csv").read_bytes() == (whole.folder / "logs/fit/metrics.csv").read_bytes()


def test_what_a_batch_system_sends_again_breaks_nothing_off(run, capsys):
    status, line = stopped(arguments(run, "fit", sending(["SIGTERM", "SIGTERM"])), capsys)
    assert (status, checkpoint_of(run)["global_step"]) == (143, 3)
    assert "stopped by SIGTERM at step 3" in line


def test_a_second_ctrl_c_stops_at_once(run, capsys):
    status, line = stopped(arguments(run, "fit", sending(["SIGINT", "SIGINT"])), capsys)
    assert (status, line) == (
        130,
        "modeinterp: stopped by SIGINT; the same command resumes it, a fit with --ckpt_path last",
    )
    assert not (run.folder / "checkpoints/last.ckpt").exists()


def test_a_signal_at_the_last_step_changes_nothing(whole, tmp_path):
    run = Runner(tmp_path)
    run("fit", sending(["SIGTERM"], step=12))
    assert differences(checkpoint_of(whole), checkpoint_of(run)) == []


def test_between_accumulated_batches_it_waits_for_the_step(run, capsys):
    options = ["--trainer.accumulate_grad_batches=2", "--trainer.max_steps=6", "--trainer.val_check_interval=100"]
    stopped(arguments(run, "fit", *options, sending(["SIGINT"], "on_train_batch_end", 0)), capsys)
    assert checkpoint_of(run)["global_step"] == 1


def test_a_dry_run_stops_too(run, capsys):
    status, line = stopped(arguments(run, "fit", "--trainer.fast_dev_run=9", sending(["SIGINT"])), capsys)
    assert (status, line) == (130, "modeinterp: stopped by SIGINT at step 3")
    assert not run.folder.exists()


def test_overwriting_is_no_part_of_going_on(run, capsys):
    run("fit")
    _, line = stopped(arguments(run, "fit", "--run.overwrite=true", sending(["SIGINT"])), capsys)
    assert "--run.overwrite" not in line
    assert checkpoint_of(run)["global_step"] == 3
    assert not (run.folder / ".replaced_fit").exists()


@pytest.mark.parametrize("command", ["validate", "test", "predict"])
def test_other_commands_end_with_the_signals_status_too(fitted, capsys, command):
    options = [
        "--ckpt_path=last",
        "--run.overwrite=true",
        sending(["SIGINT"], f"on_{command}_start".replace("validate", "validation"), 0),
    ]
    status, line = stopped(arguments(fitted, command, *options), capsys)
    assert (status, line.split(";")[0]) == (130, "modeinterp: stopped by SIGINT")


@pytest.mark.ddp
@pytest.mark.slow
@pytest.mark.parametrize("is_group", [False, True], ids=["first process", "all processes"])
@pytest.mark.parametrize("name", STATUS)
def test_two_processes_stop_behind_the_same_step(tmp_path, name, is_group):
    run = Runner(tmp_path)
    options = ("--trainer.devices=2", "--trainer.strategy=ddp", "--trainer.val_check_interval=1000000")
    command = [sys.executable, "-m", "lightning_modeinterp", *arguments(run, "fit", *options)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [*command, "--trainer.max_steps=100000000"],
        env=environment,
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (run.folder / "logs/fit/metrics.csv").exists():
        assert process.poll() is None
        time.sleep(0.1)
    time.sleep(1)
    (os.killpg if is_group else os.kill)(process.pid, getattr(signal, name))
    _, errors = process.communicate(timeout=120)
    assert process.returncode == STATUS[name], errors
    assert errors.count(f"modeinterp: stopped by {name} at step") == 1
    # its standard error is at its end, so the second process has ended too
    step = checkpoint_of(run)["global_step"]
    again = [*command, f"--trainer.max_steps={step + 3}", "--ckpt_path=last"]
    assert subprocess.run(again, env=environment, timeout=200).returncode == 0
    assert checkpoint_of(run)["global_step"] == step + 3
