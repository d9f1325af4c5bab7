"""What W&B gets, by the real client and a stand-in for the server; and that a run goes on without it."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from lightning_modeinterp.cli import main
from lightning_modeinterp.loggers.steady_wandb import STEP

from .conftest import CONFIG, NETWORK, NO_FIGURES, ROOT, SMALL, Runner
from .log_readers import finish_wandb, wandb_history, wandb_records
from .wandb_server import WandbServer

wandb = pytest.importorskip("wandb")

WANDB = f"-c={ROOT / 'configs/logger/wandb.yaml'}"
SWEEP = ROOT / "configs/sweep/learning_rate.yaml"
RATES = ("hallucination_rate", "hallucination_rate_low", "hallucination_rate_high", "detection/auroc")
SPREAD = ("median", "q96", "highest", "in_support_median", "hallucinated_median")


@pytest.fixture
def environment(monkeypatch):
    """W&B as in a new process, impatient."""
    wandb.teardown()
    for name in ("WANDB_PROJECT", "WANDB_RUN_ID", "WANDB_SWEEP_ID", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.setenv("WANDB_INIT_TIMEOUT", "4")
    monkeypatch.setenv("WANDB_FINISH_TIMEOUT", "4")
    yield monkeypatch
    wandb.teardown()


@pytest.fixture
def server(environment):
    with WandbServer() as running:
        for name, value in running.environment.items():
            environment.setenv(name, value)
        environment.setenv("WANDB_INIT_TIMEOUT", "60")
        environment.setenv("WANDB_FINISH_TIMEOUT", "60")
        yield running


def table(run, row, name):
    """Columns and rows of a table, as W&B shows them."""
    return json.loads(run.files[row[name]["path"]])


def test_what_w_and_b_has_of_a_run(server, run, environment):
    environment.setenv("WANDB_TAGS", "mixture,small")
    run("fit", WANDB, "--trainer.max_steps=6")
    run("fit", WANDB, "--ckpt_path=last")
    run("test", WANDB, "--ckpt_path=last")
    fit, test = server.runs.values()

    for each, job in ((fit, "fit"), (test, "test")):
        expected = {"groupName": "gaussian_1d", "jobType": job, "displayName": "gaussian_1d/seed_0"}
        assert expected.items() <= each.settings.items()
        assert each.settings["tags"] == ["mixture", "small"]
        config = yaml.safe_load((run.folder / f"config_{job}.yaml").read_text())
        assert {**each.config, "ckpt_path": None} == {**config, "ckpt_path": None}

    # every step once, though the fit was resumed
    assert [row[STEP] for row in fit.history if "train/loss" in row] == list(range(12))
    validations = [row for row in fit.history if "val/loss" in row]
    assert [row[STEP] for row in validations] == [5, 11]
    names = {f"val/{name}" for name in RATES} | {f"val/trajectory_variance/{name}" for name in SPREAD}
    assert names <= validations[0].keys()

    for stage, each, steps in (("val", fit, [5, 11]), ("test", test, [0])):
        check_histograms(each, stage, steps)
        check_figures(each, stage, steps)
        check_table(each, stage, steps)


def media(run, name):
    return [(row[STEP], row[name]) for row in run.history if name in row]


def check_histograms(run, stage, steps):
    counts = {name: media(run, f"{stage}/trajectory_variance/{name}") for name in ("in_support", "hallucinated")}
    rates = [
        (row[f"{stage}/num_samples"], row[f"{stage}/num_hallucinated"]) for row in run.history if f"{stage}/loss" in row
    ]
    for i, (num_samples, num_hallucinated) in enumerate(rates):
        (step, good), (_, bad) = counts["in_support"][i], counts["hallucinated"][i]
        assert step == steps[i]
        assert good["_type"] == bad["_type"] == "histogram"
        assert sum(bad["values"]) == num_hallucinated
        assert sum(good["values"]) <= num_samples - num_hallucinated
        assert len(good["bins"]) == len(good["values"]) + 1


def check_figures(run, stage, steps):
    for name in ("density", "variance", *(("roc", "windows", "predicted_x_0", "score") if stage == "test" else ())):
        shown = media(run, f"{stage}/figures/{name}")
        assert [step for step, _ in shown] == steps
        for _, image in shown:
            assert image["_type"] == "image-file"
            assert run.files[image["path"]].startswith(b"\x89PNG")


def check_table(run, stage, steps):
    rows = [row for row in run.history if f"{stage}/highest_variance" in row]
    assert [row[STEP] for row in rows] == steps
    for row in rows:
        content = table(run, row, f"{stage}/highest_variance")
        assert content["columns"] == ["index", "trajectory_variance", "verdict", "x_0"]
        variances = [cells[1] for cells in content["data"]]
        assert len(variances) == 16
        assert variances == sorted(variances, reverse=True)
        scalars = [each for each in run.history if each[STEP] == row[STEP] and f"{stage}/loss" in each]
        assert variances[0] == pytest.approx(scalars[0][f"{stage}/trajectory_variance/highest"], rel=1e-6)
        assert {cells[2] for cells in content["data"]} <= {"in_support", "ambiguous", "interpolated", "invalid"}


def test_offline_files_hold_the_same(run, environment):
    environment.setenv("WANDB_MODE", "offline")
    run("fit", WANDB)
    finish_wandb(run.folder)
    history = wandb_history(run.folder)
    assert [row[STEP] for row in history if "train/loss" in row] == list(range(12))
    for name, kind in (
        ("val/trajectory_variance/in_support", "histogram"),
        ("val/trajectory_variance/hallucinated", "histogram"),
        ("val/figures/density", "image-file"),
        ("val/figures/variance", "image-file"),
        ("val/highest_variance", "table-file"),
    ):
        shown = [row for row in history if name in row]
        assert [row[STEP] for row in shown] == [5, 11]
        assert all(row[name]["_type"] == kind for row in shown)
    (folder,) = run.folder.glob("wandb/offline-run-*")
    assert len(list(folder.glob("files/media/images/val/figures/*.png"))) == 4
    updates = [record.config.update for record in wandb_records(run.folder) if record.HasField("config")]
    config = {item.key: json.loads(item.value_json) for update in updates for item in update if item.key}
    assert config["model"] == yaml.safe_load((run.folder / "config_fit.yaml").read_text())["model"]
    (record,) = [record.run for record in wandb_records(run.folder) if record.HasField("run")][:1]
    named = (record.project, record.run_group, record.job_type, record.display_name)
    assert named == ("modeinterp", "gaussian_1d", "fit", "gaussian_1d/seed_0")


def rows_of(folder: Path) -> int:
    return len((folder / "logs/fit/metrics.csv").read_text().splitlines()) - 1


def check_that_the_run_went_on(run, seconds=90.0):
    start = time.monotonic()
    run("fit", WANDB, "--trainer.max_epochs=2", *NO_FIGURES)
    assert time.monotonic() - start < seconds
    assert rows_of(run.folder) == 14  # 12 steps, 2 validations


def test_goes_on_offline_where_nothing_listens(run, environment):
    with WandbServer() as stopped:
        settings = stopped.environment
    for name, value in settings.items():
        environment.setenv(name, value)
    with pytest.warns(UserWarning, match="W&B does not accept the run; it is logged offline"):
        check_that_the_run_went_on(run)
    finish_wandb(run.folder)
    assert [row[STEP] for row in wandb_history(run.folder) if "train/loss" in row] == list(range(12))
    assert any("val/highest_variance" in row for row in wandb_history(run.folder))


@pytest.mark.parametrize("mode", ["broken", "denying", pytest.param("silent", marks=pytest.mark.slow)])
def test_goes_on_offline_where_the_server_fails_from_the_start(run, server, environment, mode):
    environment.setenv("WANDB_INIT_TIMEOUT", "4")
    server.mode = mode
    with pytest.warns(UserWarning, match="W&B does not accept the run; it is logged offline"):
        check_that_the_run_went_on(run)
    finish_wandb(run.folder)
    assert [row[STEP] for row in wandb_history(run.folder) if "train/loss" in row] == list(range(12))


def test_without_an_api_key_one_line_says_what_to_do(environment, tmp_path, capsys):
    environment.delenv("WANDB_API_KEY", raising=False)
    environment.setenv("NETRC", str(tmp_path / "netrc"))  # whoever runs the tests may be logged in
    environment.setenv("WANDB_MODE", "online")
    with pytest.raises(SystemExit) as ended:
        main(["fit", "-c", str(CONFIG), f"--run.root={tmp_path}", *SMALL, *NETWORK, WANDB])
    assert ended.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("modeinterp: trainer.logger: W&B says: No API key configured.")
    assert last.endswith("To log on this machine only, set WANDB_MODE=offline")


@pytest.mark.slow
def test_goes_on_where_the_server_fails_in_the_middle(run, server, environment):
    environment.setenv("WANDB_FINISH_TIMEOUT", "4")
    server.broken_after = 0
    with pytest.warns(UserWarning, match="W&B did not accept a table, so this run sends no more of them"):
        check_that_the_run_went_on(run)


@pytest.mark.slow
def test_a_slow_server_gets_everything(run, server):
    server.mode = "slow"
    check_that_the_run_went_on(run)
    (fit,) = server.runs.values()
    assert [row[STEP] for row in fit.history if "train/loss" in row] == list(range(12))
    assert len(media(fit, "val/highest_variance")) == 2


def agent_command(parameters: dict[str, object]) -> list[str]:
    """The command of the sweep file as W&B's agent gives it to the shell."""
    from wandb.sdk.launch.sweeps.utils import create_sweep_command, create_sweep_command_args

    command = create_sweep_command(yaml.safe_load(SWEEP.read_text())["command"])
    macros = create_sweep_command_args({"args": {name: {"value": value} for name, value in parameters.items()}})
    words: list[str] = []
    for word in command:
        is_macro = word.startswith("${") and word.endswith("}")
        words += macros[word[2:-1]] if is_macro else [word]
    return words


def test_a_trial_of_the_sweep(server, environment, tmp_path):
    environment.chdir(tmp_path)
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    environment.setenv("WANDB_RUN_ID", "trial7")  # set by the agent for each trial
    parameters = {"model.init_args.optimizer.init_args.lr": 0.003, "seed_everything": 2}
    assert parameters.keys() == yaml.safe_load(SWEEP.read_text())["parameters"].keys()
    program, *words = agent_command(parameters)
    assert program == "modeinterp"
    assert "--model.init_args.optimizer.init_args.lr=0.003" in words
    main([*words, *SMALL, *NETWORK])
    folder = tmp_path / "runs/sweep_learning_rate/trial7"
    config = yaml.safe_load((folder / "config_fit.yaml").read_text())
    assert config["model"]["init_args"]["optimizer"]["init_args"]["lr"] == 0.003
    assert config["seed_everything"] == config["data"]["init_args"]["seed"] == 2
    assert list(server.runs) == ["trial7"]
    assert server.runs["trial7"].settings["groupName"] == "sweep_learning_rate"
    metric = yaml.safe_load(SWEEP.read_text())["metric"]["name"]
    assert any(metric in row for row in server.runs["trial7"].history)


@pytest.mark.slow  # three processes, one after the other
def test_the_agent_runs_a_trial(server, tmp_path):
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    scripts = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # where `modeinterp` is
    settings = {"PATH": scripts, "PYTHONPATH": str(ROOT), "WANDB_SILENT": "false", "OMP_NUM_THREADS": "1"}

    def call(*arguments):
        command = [sys.executable, "-m", "wandb", *arguments]
        ran = subprocess.run(command, cwd=tmp_path, env=os.environ | settings, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        return ran.stderr

    said = call("sweep", "configs/sweep/learning_rate.yaml")
    assert server.sweep["projectName"] == "modeinterp"  # where the runs go too
    (agent,) = re.findall(r"wandb (agent [\w/]+)", said)
    small = dict(option.removeprefix("--").split("=", 1) for option in (*SMALL, *NETWORK))
    server.trials = {"trial8": {"model.init_args.optimizer.init_args.lr": 0.003, "seed_everything": 2, **small}}
    call(*agent.split(), "--count=1")
    folder = tmp_path / "runs/sweep_learning_rate/trial8"
    assert yaml.safe_load((folder / "config_fit.yaml").read_text())["seed_everything"] == 2
    assert any("val/hallucination_rate" in row for row in server.runs["trial8"].history)


def test_no_run_goes_into_another_ones(server, tmp_path):
    """Two commands of one process, as a script has them."""
    for name in ("first", "second"):
        Runner(tmp_path / name)("fit", WANDB, f"--run.name={name}", "--trainer.max_steps=2")
    assert [run.settings["displayName"] for run in server.runs.values()] == ["gaussian_1d/first", "gaussian_1d/second"]
