"""Processes that srun has started: Lightning reads from SLURM's variables who they are. No SLURM is asked for."""

import json

import pytest

from lightning_modeinterp.cli import main

from .conftest import CONFIG, NETWORK, NO_FIGURES, SMALL, Runner
from .processes import PARALLEL, on_two_processes, said, srun


def fit_and_predict(root):
    options = ["-c", str(CONFIG), f"--run.root={root}", *SMALL, *NETWORK, *PARALLEL, *NO_FIGURES]
    main(["fit", *options, "--ckpt_path=last"])
    main(["predict", *options, "--ckpt_path=last"])


@pytest.mark.ddp
def test_two_tasks_draw_what_one_process_draws(tmp_path):
    log, two = tmp_path / "log", Runner(tmp_path / "two")
    assert on_two_processes(log, fit_and_predict, two.root, launcher=srun) == [0, 0], said(log)
    one = Runner(tmp_path / "one")
    one("predict", f"--ckpt_path={two.folder / 'checkpoints/last.ckpt'}")
    shards = [json.loads((run.folder / "predictions/manifest.json").read_text())["shards"] for run in (one, two)]
    assert shards[0] == shards[1]
    (start,) = json.loads((two.folder / "predictions/provenance.json").read_text())
    assert start["num_processes"] == 2
