"""A recursion whose commands are started by torchrun, with their runs in a group of W&B."""

import json
import os
import sys
from pathlib import Path

import pytest
import yaml

from lightning_modeinterp.cli import main

from ..integration.wandb_server import WandbServer
from .conftest import TINY

TORCHRUN = Path(sys.executable).with_name("torchrun")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_processes_and_a_group(tmp_path, monkeypatch):
    pytest.importorskip("wandb").teardown()
    distributed = ["--trainer.devices=2", "--trainer.strategy=ddp"]
    settings = {**TINY, "num_generations": 1, "arms": {"none": {}}, "options": [*TINY["options"], *distributed]}
    (tmp_path / "recursion.yaml").write_text(yaml.safe_dump({"recursion": settings}))
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.delenv("WANDB_RUN_GROUP", raising=False)
    with WandbServer() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        launched = ["--launcher", f"{TORCHRUN} --standalone --nproc_per_node=2", "--logger", "logger/wandb"]
        out = tmp_path / "tiny"
        main(["recurse", "-c", str(tmp_path / "recursion.yaml"), "--out", str(out), "--jobs", "1", *launched])
        runs = [run.settings for run in server.runs.values()]
    assert "WANDB_RUN_GROUP" not in os.environ
    assert {run["groupName"] for run in runs} == {"tiny"}
    assert sorted((run["jobType"], run["displayName"].rpartition("-")[0] or run["displayName"]) for run in runs) == [
        ("fit", "fit/generation_0_0"),
        ("fit", "fit/none_1_0"),
        ("recurse", "tiny/none_0"),
    ]
    (log,) = (out / "runs/fit").glob("none_1_0-*/log.txt")
    assert "MEMBER: 2/2" in log.read_text()
    assert [row["metrics"]["num_drawn"] for row in json.loads((out / "generations.json").read_text())] == [64, 64]
