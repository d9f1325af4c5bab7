"""Numbers over generations in W&B, by the real client and a stand-in for the server."""

import pytest
import yaml

from lightning_modeinterp.configuration import config_path
from lightning_modeinterp.recursion.charts import log_charts

from ..integration.wandb_server import WandbServer

wandb = pytest.importorskip("wandb")

ROWS = [
    {
        "arm": arm,
        "seed": seed,
        "generation": number,
        "metrics": {"hallucination_rate": 0.1 * number, "within_mode_std_ratio": None},
        "kept": {"recall": 0.5, "modes": {"0": 3}} if number == 0 else None,
    }
    for arm in ("none", "variance")
    for seed in (0, 1)
    for number in (0, 1)
]


@pytest.fixture
def server(monkeypatch):
    wandb.teardown()
    monkeypatch.delenv("WANDB_PROJECT", raising=False)
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.setenv("WANDB_RUN_GROUP", "grid")
    with WandbServer() as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running
    wandb.teardown()


def test_each_arm_and_seed_is_a_run_of_the_group(server, tmp_path):
    assert log_charts(ROWS, config_path("logger/wandb"), tmp_path / "grid") == 4
    runs = {run.settings["displayName"]: run for run in server.runs.values()}
    assert set(runs) == {f"grid/{arm}_{seed}" for arm in ("none", "variance") for seed in (0, 1)}
    for run in runs.values():
        assert run.settings["groupName"] == "grid"
        assert run.settings["jobType"] == "recurse"
        rows = [{name: row[name] for name in row if name[0] != "_"} for _, row in sorted(run.rows.items())]
        assert rows == [
            {"generation": 0, "hallucination_rate": 0.0, "filter/recall": 0.5},
            {"generation": 1, "hallucination_rate": 0.1},
        ]


@pytest.mark.parametrize("logger", [None, False, {"class_path": "CSVHistory", "init_args": {"save_dir": "."}}])
def test_without_w_and_b_nothing_is_logged(tmp_path, logger):
    (tmp_path / "logger.yaml").write_text(yaml.safe_dump({"trainer": {"logger": logger}}))
    assert log_charts(ROWS, tmp_path / "logger.yaml", tmp_path / "grid") == 0
