"""``--ckpt_path best`` in a new process, and in a run directory that has another name by now."""

import pytest
import torch

from lightning_modeinterp import load_run
from lightning_modeinterp.configuration import CONFIGS

from .conftest import CONFIG, NETWORK, NO_FIGURES, SMALL, Runner, fails_with

BEST = (f"-c={CONFIGS / 'trainer/best.yaml'}", "--trainer.val_check_interval=3")


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A run directory with a best checkpoint, renamed since."""
    runner = Runner(tmp_path_factory.mktemp("kept"))
    runner("fit", *BEST)
    runner.folder.rename(runner.folder.with_name("renamed"))
    return runner


def step_of(path):
    return torch.load(path, weights_only=True)["global_step"]


def test_the_best_is_found_by_name(kept):
    folder = kept.folder.with_name("renamed")
    assert sorted(path.name for path in folder.rglob("*.ckpt")) == ["best.ckpt", "last.ckpt"]
    cli = kept("test", "--ckpt_path=best", "--run.name=renamed", *NO_FIGURES)
    assert cli.config.test.ckpt_path == str(folder / "checkpoints/best.ckpt")
    assert load_run(folder, "test").checkpoint == load_run(folder, ckpt_path="best").checkpoint
    moved = folder.rename(folder.with_name("again"))
    assert load_run(moved, "test").checkpoint == moved / "checkpoints/best.ckpt"
    moved.rename(folder)


def test_without_a_best_one_says_how_to_keep_it(fitted, capsys):
    arguments = ["test", "-c", str(CONFIG), f"--run.root={fitted.root}", *SMALL, *NETWORK, "--ckpt_path=best"]
    line = fails_with(arguments, capsys)
    assert "ckpt_path: expected one best checkpoint recorded in" in line
    assert "found none; give a file, or fit with -c trainer/best to keep one" in line


@pytest.mark.parametrize("command", ["fit", "test"])
def test_a_saved_config_of_a_renamed_run_does_not_begin_elsewhere(kept, command, capsys):
    folder = kept.folder.with_name("renamed")
    config = f"-c={folder / 'config_fit.yaml'}"
    line = fails_with([command, config, "--ckpt_path=last"], capsys)
    assert f"got it in {folder}, so the run has moved; give --run.root {kept.root}" in line
    assert "--run.experiment gaussian_1d --run.name renamed" in line
    assert not kept.folder.exists()


def test_a_renamed_run_goes_on_as_itself(kept, tmp_path):
    folder = kept.folder.with_name("renamed")
    kept("fit", *BEST, "--run.name=renamed", "--ckpt_path=last", "--trainer.max_steps=13")
    assert step_of(folder / "checkpoints/last.ckpt") == 13
    assert not kept.folder.exists()


def test_the_checkpoint_of_another_run_is_said_to_be_one(fitted, run, capsys):
    path = fitted.folder / "checkpoints/last.ckpt"
    run("fit", f"--ckpt_path={path}", "--trainer.max_steps=13")
    assert (
        f"note: ckpt_path: {path} is from another run; training resumes in {run.folder} with" in capsys.readouterr().err
    )
