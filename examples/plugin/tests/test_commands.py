"""The commands of the README run, in order, with few samples and updates."""

import json
import re
import shlex
import shutil
from pathlib import Path

from lightning_modeinterp.cli import main

FOLDER = Path(__file__).parents[1]
SMALL = (
    "--data.init_args.size=200",
    "--data.init_args.batch_size=50",
    "--model.init_args.denoiser.init_args.width=16",
    "--generation.sampler.init_args.num_steps=50",
    "--generation.num_samples=40",
    "--generation.block_size=20",
    "--generation.monitor.num_samples=20",
    "--trainer.max_steps=4",
    "--trainer.val_check_interval=2",
)


def test_commands_of_the_readme(tmp_path, monkeypatch):
    shutil.copy(FOLDER / "two_moons.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    for line in re.findall(r"^modeinterp (.*)$", (FOLDER / "README.md").read_text(), flags=re.MULTILINE):
        command, *options = shlex.split(line)
        main([command, *options, *(SMALL if command != "keep" else ())])
    results = json.loads((tmp_path / "runs/two_moons/seed_0/test_metrics.json").read_text())
    assert {"hallucination_rate", "moon_coverage", "gap_crossing"} <= results.keys()
    history = (tmp_path / "runs/two_moons/seed_0/logs/fit/metrics.csv").read_text()
    assert "val/gap_crossing" in history.splitlines()[0]
    assert (tmp_path / "kept").is_dir()
