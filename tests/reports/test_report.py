"""Reports on the command line: of a run that took a second, and of what is none."""

import json
import shutil

import pytest

from lightning_modeinterp.cli import main
from lightning_modeinterp.configuration.loaded_run import load_run
from lightning_modeinterp.reports.content import Report, Section, Table
from lightning_modeinterp.reports.report import page
from lightning_modeinterp.reports.samples import tip
from tests.integration.conftest import Runner, fails_with


@pytest.fixture(scope="module")
def tested(tmp_path_factory, quick_figures):
    """A run that has been fitted and tested; tests must not write over what it holds."""
    runner = Runner(tmp_path_factory.mktemp("tested"))
    runner("fit")
    runner("test", "--ckpt_path=last")
    return runner.folder


@pytest.fixture
def run(tested, tmp_path):
    """A copy of it, to be written to."""
    return shutil.copytree(tested, tmp_path / "run")


def report(folder, *options):
    main(["report", str(folder), *options])
    return (folder / "report.html").read_text()


def test_of_a_run_numbers_curves_figures_and_samples(run, capsys):
    made = report(run)
    assert capsys.readouterr().out.strip().endswith(f"open it in a browser: {run}/report.html")
    metrics = json.loads((run / "test_metrics.json").read_text())
    assert f"<b>{100 * metrics['hallucination_rate']:.3g} %</b>" in made
    assert "loss after 12 updates" in made.replace("training after", "loss after")
    assert made.count("data:image/png") == len(list((run / "figures").glob("*.png")))
    assert all(f">{name}<" in made for name in metrics if not name.endswith(("_low", "_high")))
    assert "GaussianMixtureDataModule" in made
    drawn = load_run(run).draw(100)
    assert all(f"sample {index} at {x:.3g} ·" in made for index, x in enumerate(drawn.samples[:, 0].tolist()))


def test_its_threshold_is_that_of_the_test(run):
    value = json.loads((run / "test_metrics.json").read_text())["detection/threshold"]
    assert f"The threshold, {value:.4g}, was set by the test" in report(run)
    config = run / "config_test.yaml"
    config.write_text(config.read_text().replace("window: last_10", "window: last_5"))
    shutil.copy(run / "config_fit.yaml", run / "config_predict.yaml")
    assert "was set by these samples themselves" in report(run)


def test_stored_samples_are_taken_where_there_are_some(tested, tmp_path):
    runner = Runner(tmp_path)
    shutil.copytree(tested, runner.folder)
    runner("predict", "--ckpt_path=last")
    stored = report(runner.folder, "--num=40")
    assert "the first that predict has written" in stored
    assert "of 40 samples are flagged" in stored
    shutil.rmtree(runner.folder / "predictions")
    drawn = report(runner.folder, "--num=40")
    assert stored.replace("the first that predict has written", "drawn for this page, as predict draws them") == drawn


def test_as_many_samples_as_asked_for_are_drawn(run):
    assert "of 110 samples are flagged" in report(run, "--num=110")  # more than generation.num_samples, 100
    assert "of 100 samples are flagged" in report(run)


def test_without_samples_no_model_is_loaded(run):
    shutil.rmtree(run / "checkpoints")
    assert "sample 0 at" not in report(run, "--num=0")


def test_a_run_that_was_only_fitted(run):
    for name in ("test_metrics.json", "config_test.yaml"):
        (run / name).unlink()
    shutil.rmtree(run / "figures")
    made = report(run)
    assert "has not been tested yet" in made
    assert "sample 0 at" in made


def test_whatever_a_config_says_is_shown_as_text(run):
    config = run / "config_test.yaml"
    config.write_text(config.read_text() + "# <script>alert(1)</script>\n")
    made = report(run, "--num=0")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in made
    assert made.count("<script>") == 1
    evil = '"><img src=x onerror=alert(1)>'
    assert "<img src=x" not in page(
        Report(evil, evil, [evil], sections=[Section(evil, [evil], [Table([evil], [[evil]], evil)])])
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "report: expected the directory of a run, a recursion or a reproduction, got"),
        (["--num=-1"], "report: expected --num of at least 0, got -1"),
        (["--num=5"], "report: expected --num with a run only, got 5"),
        (["--out=nowhere/report.html"], "report: expected an existing folder, got nowhere; create it"),
    ],
)
def test_wrong_input_is_one_line(tmp_path, capsys, options, message):
    assert message in fails_with(["report", str(tmp_path), *options], capsys)


def test_a_directory_that_is_not_there_is_one_line(tmp_path, capsys):
    line = fails_with(["report", str(tmp_path / "nowhere")], capsys)
    assert "expected the directory of a run, a recursion or a reproduction" in line


def test_a_run_without_a_checkpoint_is_refused(run, capsys):
    shutil.rmtree(run / "checkpoints")
    assert "expected a checkpoint" in fails_with(["report", str(run)], capsys)


def test_a_tip_names_no_place_of_an_image(shown):
    assert " at " not in tip(shown((1, 4, 4)), 0)
    assert " at " in tip(shown((2,)), 0)
