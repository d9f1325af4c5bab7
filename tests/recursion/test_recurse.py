"""A small recursion on the command line."""

import json
import math
import shutil

import numpy as np
import pytest
import torch
import yaml
from matplotlib.figure import Figure
from scipy.stats import binomtest

from lightning_modeinterp.cli import main
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.filters.kept_samples import read_kept
from lightning_modeinterp.recursion import load_recursion, pictures, recurse
from lightning_modeinterp.recursion.recurse import _fill_modes, rows_so_far
from lightning_modeinterp.recursion.report import _others, dropped, most_dropped, write_table
from lightning_modeinterp.reports import write_report
from lightning_modeinterp.runs import CachedRuns
from lightning_modeinterp.sample_store import SampleStore

from .conftest import TINY


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recursion")
    (folder / "recursion.yaml").write_text(yaml.safe_dump({"recursion": TINY}))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pictures, "NUM_POINTS", 32)
        main(["recurse", "-c", str(folder / "recursion.yaml"), "--out", str(folder / "out"), "--jobs", "2"])
        yield folder / "out"


def test_every_generation_of_every_arm_and_seed_is_measured(out):
    rows = json.loads((out / "generations.json").read_text())
    assert [(row["arm"], row["seed"], row["generation"]) for row in rows] == [
        (arm, seed, number) for seed in TINY["seeds"] for arm in TINY["arms"] for number in range(3)
    ]
    for row in rows:
        assert row["metrics"]["num_drawn"] == 64
        assert (row["kept"] is None) == (row["generation"] == 2)
    kept = [row["kept"] for row in rows if row["arm"] == "variance" and row["kept"]]
    assert {(each["num_drawn"], each["num_kept"]) for each in kept} == {(128, 96)}
    first = [row["metrics"] for row in rows if row["generation"] == 0 and row["seed"] == 0]
    assert first[0] == first[1]  # shared


def test_a_generation_trains_on_what_was_kept(out):
    (run,) = (out / "runs/fit").glob("variance_2_0-*")
    data = yaml.safe_load((run / "config_fit.yaml").read_text())["data"]
    assert data["class_path"].endswith("StoredSamples")
    (folder,) = data["init_args"]["folders"]
    manifest = read_kept(folder)
    assert manifest["filter"]["class_path"].endswith("LowestScore")
    assert data["init_args"]["original"]["init_args"]["size"] == 128
    assert (run / "checkpoints/last.ckpt").is_file()


def test_a_table_and_figures_are_there(out):
    table = (out / "table.md").read_text()
    metrics = json.loads((out / "generations.json").read_text())[0]["metrics"]
    low, high = (metrics[f"hallucination_rate_{end}"] for end in ("low", "high"))
    assert f"| none | hallucination rate | {metrics['hallucination_rate']:.3g} [{low:.3g}, {high:.3g}] |" in table
    count = round(metrics["interpolated_rate"] * metrics["num_samples"])
    low, high = binomtest(count, int(metrics["num_samples"])).proportion_ci(method="wilson")
    assert f"| none | interpolated_rate | {metrics['interpolated_rate']:.3g} [{low:.3g}, {high:.3g}] |" in table
    assert {"interpolated_rate", "minutes"} <= {line.split(" | ")[1] for line in table.splitlines()[2:]}
    numbers = ("rates", "modes", "mode_weights", "filters", "others")
    figures = {f"{name}.png" for name in (*numbers, "samples_none", "samples_variance")}
    assert {path.name for path in (out / "figures").iterdir()} == figures


def test_samples_of_every_generation_are_shown(out, monkeypatch):
    shown = []
    monkeypatch.setattr(pictures, "samples_2d", lambda panels: shown.append(panels) or Figure())
    recursion, runs = load_recursion(out.parent / "recursion.yaml"), CachedRuns(out / "runs", say=pytest.fail)
    pictures.write_pictures(recursion, runs, out / "again")
    assert [[panel.name for panel in panels] for panels in shown] == [
        [f"{arm}, generation {number}" for number in range(3)] for arm in TINY["arms"]
    ]
    last = next(iter(SampleStore.open(next(out.glob("runs/predict/none_2_0-*")) / "predictions")))
    assert torch.equal(shown[0][2].samples, last.sound().samples)


def test_a_generation_whose_samples_all_diverged_is_not_shown(out, monkeypatch):
    shown, first = [], pictures._first_samples
    monkeypatch.setattr(
        pictures, "_first_samples", lambda each, runs, number: first(each, runs, number)[: 0 if each.number == 2 else 9]
    )
    monkeypatch.setattr(pictures, "samples_2d", lambda panels: shown.append(len(panels)) or Figure())
    recursion, runs = load_recursion(out.parent / "recursion.yaml"), CachedRuns(out / "runs", say=pytest.fail)
    pictures.write_pictures(recursion, runs, out / "again")
    assert shown == [2, 2]


def cells_of(table):
    """The cells of a table by arm and number."""
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]
    return {(arm, number): cells for arm, number, *cells in rows if number != "minutes"}


def test_the_table_of_an_unfinished_recursion_has_what_is_measured(out, tmp_path):
    part = tmp_path / "part"
    shutil.copytree(out, part)
    for run in (*part.glob("runs/test/variance_2_0-*"), *part.glob("runs/keep/variance_1_0-*")):
        shutil.rmtree(run)
    recursion, runs = load_recursion(out.parent / "recursion.yaml"), CachedRuns(part / "runs")
    rows = rows_so_far(recursion, runs)
    assert [bool(row["metrics"]) for row in rows] == [True] * 5 + [False]
    assert [row["kept"] is not None for row in rows] == [True, True, False, True, False, False]
    found = cells_of(write_table(recursion, rows, runs, part).read_text())
    for (arm, number), cells in cells_of((out / "table.md").read_text()).items():
        num_known = 3 if arm == "none" else 1 if number.startswith("filter") else 2
        assert found[arm, number] == cells[:num_known] + [""] * (3 - num_known)


def test_what_is_measured_is_shown_after_each_new_generation(out, tmp_path):
    shutil.copytree(out, tmp_path / "part")
    for run in (tmp_path / "part").glob("runs/test/variance_[12]_0-*"):
        shutil.rmtree(run)
    shown = []
    recurse(load_recursion(out.parent / "recursion.yaml"), tmp_path / "part", jobs=1, show=shown.append)
    assert [sum(row["metrics"] == {} for row in rows) for rows in shown] == [1, 0]


def test_a_report_shows_every_arm_and_generation(out, tmp_path):
    page = write_report(out, tmp_path / "report.html").read_text()
    for arm in TINY["arms"]:
        assert all(f"{arm}, generation {number}: " in page for number in range(3))
        assert f"Arm {arm}" in page
    assert page.count("data:image/png") == 6
    for line in (out / "table.md").read_text().splitlines()[2:]:
        assert all(f">{cell.strip()}</t" in page for cell in line.strip("| ").split("|"))


def test_a_report_of_several_seeds_says_that_it_shows_means(out, tmp_path):
    assert "means of" not in write_report(out, tmp_path / "one.html").read_text()
    shutil.copytree(out, tmp_path / "two", ignore=shutil.ignore_patterns("runs"))
    rows = json.loads((out / "generations.json").read_text())
    (tmp_path / "two/generations.json").write_text(json.dumps([*rows, *({**row, "seed": 1} for row in rows)]))
    assert "means of 2 seeds" in write_report(tmp_path / "two", tmp_path / "two.html").read_text()


def test_a_recursion_that_is_not_finished_is_refused(out, tmp_path):
    shutil.copy(out / "recursion.json", tmp_path)
    with pytest.raises(ConfigurationError, match=r"expected a finished recursion with generations\.json"):
        write_report(tmp_path)


def test_a_second_time_nothing_is_run(out, capsys):
    config = out.parent / "recursion.yaml"
    before = {file: file.stat().st_mtime_ns for file in (out / "runs").rglob("*") if file.is_file()}
    main(["recurse", "-c", str(config), "--out", str(out)])
    assert {file: file.stat().st_mtime_ns for file in (out / "runs").rglob("*") if file.is_file()} == before
    assert "recurse wrote" in capsys.readouterr().out


def test_it_goes_on_where_it_has_moved(out, tmp_path):
    shutil.copytree(out, tmp_path / "moved")
    for run in (tmp_path / "moved/runs/fit").glob("variance_2_0-*"):
        shutil.rmtree(run / "checkpoints")
        (run / "finished").unlink()
    main(["recurse", "-c", str(out.parent / "recursion.yaml"), "--out", str(tmp_path / "moved")])
    (run,) = (tmp_path / "moved/runs/fit").glob("variance_2_0-*")
    (folder,) = yaml.safe_load((run / "data.yaml").read_text())["init_args"]["folders"]
    assert folder.startswith(str(tmp_path / "moved"))


def said(capsys, arguments, status=2):
    with pytest.raises(SystemExit) as end:
        main(["recurse", *map(str, arguments)])
    assert end.value.code == status
    (line,) = capsys.readouterr().err.strip().splitlines()
    return line


def test_a_changed_config_is_refused_with_the_difference(out, config, capsys):
    line = said(capsys, ["-c", config(num_kept=97), "--out", out])
    assert "num_kept: expected 96, got 97; choose another --out" in line


def test_how_it_is_run_is_one_line_too(tmp_path, config, capsys):
    out = tmp_path / "out"
    assert "--launcher: expected a program" in said(capsys, ["-c", config(), "--out", out, "--launcher", "nowhere -x"])
    assert "--logger: expected a config file or a name" in said(
        capsys, ["-c", config(), "--out", out, "--logger", "no"]
    )
    assert not out.exists()


def test_a_foreign_directory_is_left_alone(tmp_path, config, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("keep")
    assert "expected an empty directory" in said(capsys, ["-c", config(), "--out", tmp_path / "mine"])
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"arms": {"few": {"num_drawn": 9}}}, "expected at least the 96 samples that are kept, got 9"),
        ({"arms": {"odd": {"filtre": "x"}}}, "filtre"),
        ({"experiment": "gaussian_9d"}, "gaussian_9d"),
    ],
)
def test_wrong_input_is_one_line(tmp_path, config, capsys, changes, message):
    assert message in said(capsys, ["-c", config(seeds=[0], **changes), "--out", tmp_path / "out", "--jobs", "1"])


@pytest.mark.parametrize(
    ("arm", "message"),
    [
        ({"filter": "LowestScore", "arguments": {"score": "ink"}}, "expected one of variance/late, got ink"),
        ({"filter": "LowestScore", "arguments": {"scores": "ink"}}, "scores"),
        ({"filter": "LowerScore"}, "LowerScore"),
    ],
)
def test_a_wrong_filter_is_refused_before_anything_is_trained(tmp_path, config, capsys, arm, message):
    line = said(capsys, ["-c", config(arms={"none": {}, "odd": arm}), "--out", tmp_path / "out"])
    assert line.startswith("modeinterp: recursion.arms.odd: ")
    assert message in line
    assert not (tmp_path / "out").exists()


def with_array(path):
    """Options of the recursion on points in a file, which have no oracle."""
    options = [each for each in TINY["options"] if not each.startswith("--data")]
    return [*options, "--data=ArrayDataModule", f"--data.path={path}", "--data.value_range=[-1,1]"]


def test_a_filter_that_needs_an_oracle_is_refused_on_data_without(tmp_path, config, capsys):
    np.save(tmp_path / "points.npy", np.random.default_rng(0).uniform(-1, 1, (64, 2)))
    options = [*with_array(tmp_path / "points.npy"), "--data.batch_size=32"]
    line = said(capsys, ["-c", config(arms={"oracle": {"filter": "InSupport"}}, options=options)])
    assert "recursion.arms.oracle: filter: expected samples that an oracle has judged" in line


def test_missing_files_of_the_data_are_refused_before_anything_is_started(tmp_path, config, capsys):
    line = said(capsys, ["-c", config(options=with_array(tmp_path / "none.npy")), "--out", tmp_path / "out"])
    assert "none.npy" in line
    assert not (tmp_path / "out").exists()


def test_a_command_that_fails_is_one_line_too(tmp_path, config, capsys):
    arms = {"all": {"filter": "InSupport", "num_drawn": 96}}
    arguments = ["-c", config(seeds=[0], arms=arms), "--out", tmp_path / "out", "--jobs", "1"]
    line = said(capsys, arguments, status=1)
    assert "expected at most the " in line
    assert "fix it, then the same command resumes" in line


def test_metrics_of_ones_own_are_shown_without_groups_and_counts():
    mine = {"clusters": 3.0, "clusters_low": 2.0, "clusters_high": 4.0, "num_clusters": 5.0}
    known = {"hallucination_rate": 0.1, "num_samples": 64.0, "detection/auroc": 0.7, "fid_lenet": 1.0}
    assert list(_others([{"metrics": {**mine, **known}}, {"metrics": {"late": 1.0}}])) == [
        "clusters",
        "late",
        "num_clusters",
    ]


def test_a_mode_that_is_lost_counts_as_0():
    rows = [
        {"kept": {"modes": {"0": 5, "2": 1}, "kept_modes": {"0": 3}}},
        {"kept": {"modes": {"10": 2}, "kept_modes": {}}},
    ]
    rows += [{"kept": None}, {"kept": {"num_kept": 1}}]
    _fill_modes(rows)
    assert rows[0]["kept"] == {"modes": {"0": 5, "2": 1, "10": 0}, "kept_modes": {"0": 3, "2": 0, "10": 0}}
    assert list(rows[1]["kept"]["modes"].values()) == [0, 0, 2]


def test_what_a_filter_drops_is_counted_by_mode():
    row = {"kept": {"modes": {"0": 10, "1": 30, "2": 0}, "kept_modes": {"0": 4, "1": 30}}}
    assert dropped(row) == pytest.approx(6 / 40)
    assert most_dropped(row) == pytest.approx(0.6)
    assert math.isnan(dropped({"kept": None}))
    assert math.isnan(most_dropped({"kept": {"num_kept": 3}}))
