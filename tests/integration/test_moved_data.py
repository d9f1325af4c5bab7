"""Data are known by what they are, wherever their files lie."""

import numpy as np
import pytest
import yaml

from lightning_modeinterp.cli import run_command

from .conftest import NETWORK, NO_FIGURES, ROOT, fails_with


@pytest.fixture
def arguments(tmp_path):
    """Arguments of a command on an array in a file, next to one of others numbers and of the same size."""
    config = {
        "data": {
            "class_path": "ArrayDataModule",
            "init_args": {"path": str(tmp_path / "first/a.npy"), "value_range": [-4, 4], "batch_size": 64},
        },
        "model": str(ROOT / "configs/model/ddpm_mlp.yaml"),
        "trainer": {"accelerator": "cpu", "max_steps": 6, "enable_progress_bar": False, "logger": False},
        "generation": {
            "sampler": {"class_path": "AncestralSampler", "init_args": {"num_steps": 10, "start_alpha_bar": 1e-4}},
            "num_samples": 32,
            "block_size": 32,
            "windows": {"late": {"last_steps": 5}},
            "window": "late",
            "monitor": {"num_samples": 16},
        },
        "run": {"root": str(tmp_path / "runs"), "experiment": "array"},
    }
    (tmp_path / "array.yaml").write_text(yaml.safe_dump(config))
    for number, name in enumerate(("first", "other")):
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "a.npy", np.random.default_rng(number).uniform(-3, 3, (400, 1)))

    def of(command, *options):
        return [command, "-c", str(tmp_path / "array.yaml"), *NETWORK, *options]

    run_command(of("fit"))
    return of


@pytest.mark.parametrize("command", ["fit", "test", "predict"])
def test_a_run_goes_on_where_its_data_have_moved(arguments, tmp_path, command):
    (tmp_path / "first").rename(tmp_path / "moved")
    moved = ("--ckpt_path=last", f"--data.init_args.path={tmp_path / 'moved/a.npy'}")
    if command == "fit":
        assert run_command(arguments(command, *moved, "--trainer.max_steps=9")).trainer.global_step == 9
    else:
        run_command(arguments(command, *moved, *NO_FIGURES))


@pytest.mark.parametrize("command", ["fit", "test"])
def test_other_data_in_the_same_place_are_refused(arguments, tmp_path, capsys, command):
    (tmp_path / "other/a.npy").rename(tmp_path / "first/a.npy")
    line = fails_with(arguments(command, "--ckpt_path=last", "--trainer.max_steps=9"), capsys)
    assert "data.init_args.content: expected" in line
