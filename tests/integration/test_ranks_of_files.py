"""Data that are read from files: two processes train, judge and draw what one does, and decode a folder once."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from lightning_modeinterp.cli import run_command
from tests.families import rows

from .conftest import FEW_IMAGES, NETWORK, NO_FIGURES, ROOT, UNET
from .families import COMMANDS, FEW_STEPS, OF_FILES, run_each
from .processes import PARALLEL, on_two_processes, said

SAMPLER = (
    "--generation.sampler={class_path: AncestralSampler, init_args: {num_steps: 20, x_0_range: [-3, 3]}}",
    "--generation.windows={last_5: {last_steps: 5}}",
    "--generation.window=last_5",
    "--trainer.accelerator=cpu",
    "--trainer.log_every_n_steps=1",
    "--trainer.enable_model_summary=false",
)


def array(folder):
    """Points in a file."""
    np.save(folder / "points.npy", np.random.default_rng(0).uniform(-1, 1, (64, 2)))
    data = ("--data=ArrayDataModule", f"--data.path={folder / 'points.npy'}", "--data.value_range=[-1, 1]")
    return "gaussian_2d_grid", (*data, *NETWORK, *FEW_IMAGES)


def image_folder(folder):
    """Image files, to be decoded to a cache."""
    (folder / "images").mkdir()
    for number, pixels in enumerate(np.random.default_rng(0).integers(256, size=(40, 16, 16), dtype=np.uint8)):
        Image.fromarray(pixels).save(folder / f"images/{number}.png")
    data = ("--data=ImageFolderDataModule", f"--data.folder={folder / 'images'}", f"--data.cache={folder / 'cache'}")
    return "hands_32", (*data, "--data.image_size=16", *UNET, *FEW_IMAGES)


CASES = {"ArrayDataModule": array, "ImageFolderDataModule": image_folder, **rows("OF_FILES")}
ELSEWHERE = {"StoredSamples": "tests/recursion/test_launched_recursion.py"}


def measured(run):
    """What test has measured."""
    metrics = json.loads((run / "test_metrics.json").read_text())
    return {name: value for name, value in metrics.items() if value is not None}


@pytest.mark.ddp
@pytest.mark.parametrize("name", CASES)
def test_two_processes_give_what_one_gives(name, tmp_path):
    experiment, options = CASES[name](tmp_path)
    fixed = ["-c", str(ROOT / f"configs/experiment/{experiment}.yaml"), *options, *SAMPLER, *FEW_STEPS, *NO_FIGURES]
    fixed += [f"--run.root={tmp_path}", "--run.experiment=runs"]

    def commands(run, *how):
        weights = f"--ckpt_path={tmp_path / 'runs/one/checkpoints/last.ckpt'}"
        return [
            [command, *fixed, f"--run.name={run}", *how, *([] if command == "fit" else [weights])]
            for command in COMMANDS
        ]

    log = tmp_path / "log"
    fit_on_two, *others_on_two = commands("two", *PARALLEL)
    assert on_two_processes(log, run_each, [fit_on_two]) == [0, 0], said(log)  # first, so that both find no cache
    for command in commands("one"):
        run_command(command)
    assert on_two_processes(log, run_each, others_on_two) == [0, 0], said(log)

    one, two = tmp_path / "runs/one", tmp_path / "runs/two"
    trained = [torch.load(each / "checkpoints/last.ckpt", weights_only=True)["state_dict"] for each in (one, two)]
    torch.testing.assert_close(*trained, rtol=1e-3, atol=1e-3)
    assert measured(two) == pytest.approx(measured(one), rel=1e-5)
    shards = [[file.read_bytes() for file in sorted(each.rglob("*.safetensors"))] for each in (one, two)]
    assert shards[0] == shards[1] != []


def test_every_data_module_of_files_has_a_case():
    assert {*CASES, *ELSEWHERE} == OF_FILES
