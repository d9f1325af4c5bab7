"""A fit that is killed at any moment and started again by the same command ends like one that was not."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from .conftest import CONFIG, NETWORK, ROOT, SMALL
from .log_readers import tensorboard_scalars, wandb_rows

VALIDATE_EVERY = 20
OPTIONS = (
    "--trainer.val_check_interval=20",
    "--trainer.log_every_n_steps=2",
    "--checkpoint.every_n_steps=7",
    # a slow average forgets nothing; with `use_buffers` it would round the constants in the module, differently in each
    # resumed fit
    "--trainer.callbacks=[{class_path: lightning.pytorch.callbacks.EMAWeightAveraging, "
    "init_args: {decay: 0.999, use_buffers: false}}]",
    "--model.init_args.lr_scheduler={class_path: torch.optim.lr_scheduler.CosineAnnealingLR, init_args: {T_max: 300}}",
    "--trainer.logger=[{class_path: CSVHistory, init_args: {save_dir: .}}, {class_path: WandbLogger}, "
    "{class_path: TensorBoardLogger, init_args: {save_dir: .}}]",
    "--ckpt_path=last",
)


class Fit:
    """A fit in a folder of its own, as processes that can be killed."""

    def __init__(self, root: Path, max_steps: int) -> None:
        arguments = ["fit", "-c", str(CONFIG), f"--run.root={root}", *SMALL, *NETWORK, *OPTIONS]
        self.command = [sys.executable, "-m", "lightning_modeinterp", *arguments, f"--trainer.max_steps={max_steps}"]
        self.folder = root / "gaussian_1d" / "seed_0"
        self.csv = self.folder / "logs/fit/metrics.csv"
        self.checkpoint = self.folder / "checkpoints/last.ckpt"
        self.num_whole_reads = 0

    def start(self) -> None:
        environment = {**os.environ, "WANDB_MODE": "offline", "WANDB_SILENT": "true", "OMP_NUM_THREADS": "1"}
        environment.pop("WANDB_SERVICE", None)  # W&B's process of another test, in which the killed run would go on
        self.output = (self.folder.parent.parent / "output.txt").open("ab")
        self.process = subprocess.Popen(
            self.command, cwd=ROOT, env=environment, stdout=self.output, stderr=self.output, start_new_session=True
        )

    def is_running(self) -> bool:
        return self.process.poll() is None

    def kill_when(self, moment: Callable[[], bool]) -> bool:
        """Kill the process group at a moment, and say whether there was still something to kill."""
        last_read = time.monotonic()
        while self.is_running():
            if moment():
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
                return True
            if time.monotonic() > last_read + 0.05:
                last_read = time.monotonic()
                self.read_checkpoint()
            time.sleep(0.001)
        assert self.process.returncode == 0, Path(self.output.name).read_text()[-3000:]
        return False

    def read_checkpoint(self) -> int:
        """Its step, -1 where there is none; fails for a torn one."""
        if not self.checkpoint.exists():
            return -1
        step = torch.load(self.checkpoint, weights_only=True)["global_step"]
        self.num_whole_reads += 1
        return step


def never() -> bool:
    return False


def after_start(seconds: float) -> Callable[[Fit], Callable[[], bool]]:
    def prepare(fit: Fit) -> Callable[[], bool]:
        end = time.monotonic() + seconds
        return lambda: time.monotonic() > end

    return prepare


def while_training(seconds: float) -> Callable[[Fit], Callable[[], bool]]:
    """Some time after the first row of this start."""

    def prepare(fit: Fit) -> Callable[[], bool]:
        before, end = modified(fit.csv), []

        def moment() -> bool:
            if not end and modified(fit.csv) != before:
                end.append(time.monotonic() + seconds)
            return bool(end) and time.monotonic() > end[0]

        return moment

    return prepare


def while_writing_a_checkpoint(seconds: float) -> Callable[[Fit], Callable[[], bool]]:
    def prepare(fit: Fit) -> Callable[[], bool]:
        is_later = while_training(seconds)(fit)
        return lambda: is_later() and (fit.checkpoint.parent / ".last.ckpt.tmp").exists()

    return prepare


def before_the_first_checkpoint(fit: Fit) -> Callable[[], bool]:
    """While it is being written: the next start is a cold one."""
    aside = fit.checkpoint.parent / ".last.ckpt.tmp"
    return lambda: aside.exists() and not fit.checkpoint.exists()


def while_validating(seconds: float) -> Callable[[Fit], Callable[[], bool]]:
    """After the training row of a step at which validation is due, before its validation row."""

    def prepare(fit: Fit) -> Callable[[], bool]:
        is_later = while_training(seconds)(fit)

        def moment() -> bool:
            if not is_later():
                return False
            header, *rows = fit.csv.read_text().splitlines()
            row = dict(zip(header.split(","), rows[-1].split(","), strict=False)) if rows else {}
            step, is_training_row = row.get("step") or "0", row.get("train/loss")
            return bool(is_training_row) and (int(step) + 1) % VALIDATE_EVERY == 0

        return moment

    return prepare


def modified(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


def differences(a: object, b: object, path: str = "") -> list[str]:
    """Where two checkpoints differ, to the bit."""
    if isinstance(a, torch.Tensor):
        return [] if isinstance(b, torch.Tensor) and torch.equal(a, b) else [path]
    if isinstance(a, dict):
        if not isinstance(b, dict) or list(a) != list(b):
            return [f"{path}: keys"]
        return [found for key in a for found in differences(a[key], b[key], f"{path}/{key}")]
    if isinstance(a, list | tuple):
        if not isinstance(b, list | tuple) or len(a) != len(b):
            return [f"{path}: length"]
        return [found for i in range(len(a)) for found in differences(a[i], b[i], f"{path}/{i}")]
    return [] if a == b else [f"{path}: {a} {b}"]


def assert_same(fit: Fit, undisturbed: Fit) -> None:
    first, second = (torch.load(each.checkpoint, weights_only=True) for each in (undisturbed, fit))
    assert {"averaging_state", "current_model_state", "lr_schedulers", "optimizer_states"} <= first.keys()
    assert differences(first, second) == []
    assert fit.csv.read_bytes() == undisturbed.csv.read_bytes()
    # as text: nan is not equal to itself
    assert str(tensorboard_scalars(fit.csv.parent)) == str(tensorboard_scalars(undisturbed.csv.parent))
    assert str(wandb_rows(fit.folder)) == str(wandb_rows(undisturbed.folder))
    assert [path.name for path in fit.checkpoint.parent.iterdir()] == ["last.ckpt"]


def assert_complete(fit: Fit, max_steps: int) -> None:
    """Every logger has a row for every second step and every validation."""
    header, *rows = fit.csv.read_text().splitlines()
    table = [dict(zip(header.split(","), row.split(","), strict=True)) for row in rows]
    assert [int(row["step"]) for row in table if row["train/loss"]] == list(range(1, max_steps, 2))
    validations = list(range(VALIDATE_EVERY - 1, max_steps, VALIDATE_EVERY))
    assert [int(row["step"]) for row in table if row["val/loss"]] == validations
    scalars = tensorboard_scalars(fit.csv.parent)
    assert [step for step, _ in scalars["train/loss"]] == list(range(1, max_steps, 2))
    assert [step for step, _ in scalars["val/loss"]] == validations
    sent = wandb_rows(fit.folder)
    assert [row["trainer/global_step"] for row in sent if "train/loss" in row] == list(range(1, max_steps, 2))
    assert [row["trainer/global_step"] for row in sent if "val/loss" in row] == validations


def started(root: Path, max_steps: int) -> Fit:
    root.mkdir()
    fit = Fit(root, max_steps)
    fit.start()
    return fit


@pytest.mark.slow
def test_one_kill(tmp_path):
    undisturbed = started(tmp_path / "undisturbed", 45)
    fit = started(tmp_path / "killed", 45)
    assert fit.kill_when(lambda: fit.read_checkpoint() >= 14)
    resumed_from = fit.read_checkpoint()
    assert 14 <= resumed_from < 45
    fit.start()
    assert not fit.kill_when(never)
    assert not undisturbed.kill_when(never)
    assert_complete(undisturbed, 45)
    assert_same(fit, undisturbed)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_twenty_kills(tmp_path):
    steps = 300
    undisturbed = started(tmp_path / "undisturbed", steps)
    assert not undisturbed.kill_when(never)
    assert_complete(undisturbed, steps)
    rng = random.Random(0)
    aims = [after_start(rng.uniform(0, 8)) for _ in range(3)]
    aims += [while_training(rng.uniform(0, 1)) for _ in range(8)]
    aims += [while_writing_a_checkpoint(rng.uniform(0, 0.5)) for _ in range(4)]
    aims += [while_validating(rng.uniform(0, 0.5)) for _ in range(4)]
    rng.shuffle(aims)
    aims.append(before_the_first_checkpoint)  # the first one
    resumed, num_reads, num_fits = [], 0, 0
    while aims:
        num_fits += 1
        fit = started(tmp_path / f"killed_{num_fits}", steps)
        while fit.is_running():
            if fit.kill_when(aims[-1](fit) if aims else never):
                aims.pop()
                resumed.append(fit.read_checkpoint())
                fit.start()
        num_reads += fit.num_whole_reads
        assert_same(fit, undisturbed)
    print(f"\n{len(resumed)} kills in {num_fits} fits of {steps} steps; resumed from steps {resumed}")
    print(f"{num_reads} checkpoints read while the fits ran, all whole")
