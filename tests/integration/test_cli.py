"""The command line from a config to its products."""

import csv
import json
import re
from importlib import import_module

import pytest
import torch
import yaml
from lightning import LightningModule

from lightning_modeinterp.callbacks import HallucinationMonitor, ValidationProbes
from lightning_modeinterp.cli import main
from lightning_modeinterp.diffusion.samplers.soundness import doubts
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.fingerprints import weights_sha256
from lightning_modeinterp.modules import DDPM
from lightning_modeinterp.modules import VDM as VariationalDiffusionModel
from lightning_modeinterp.sample_store import SampleStore

from .conftest import CONFIG, FEW_IMAGES, NETWORK, NO_FIGURES, ROOT, UNET, VDM, VDM_LEARNED
from .families import EXPERIMENTS as IN_THE_TABLE
from .families import LIKE_ANOTHER

pytestmark = pytest.mark.usefixtures("quick_figures")  # test_ranks.py draws these

EXPERIMENTS = sorted((ROOT / "configs/experiment").glob("*.yaml"))
EXPERIMENTS.remove(ROOT / "configs/experiment/hands.yaml")  # needs photos: test_hands.py makes some
IMAGES = ("mnist", "shapes", "hands")


def test_fit_test_predict_leave_their_products(run):
    run("fit")
    run("test", "--ckpt_path=last")
    run("predict", "--ckpt_path=last")
    products = {str(path.relative_to(run.folder)) for path in run.folder.rglob("*") if path.is_file()}
    assert {"checkpoints/last.ckpt", "config_fit.yaml", "config_test.yaml", "config_predict.yaml"} <= products
    assert {"logs/fit/metrics.csv", "test_metrics.json", "predictions/manifest.json"} <= products
    names = ("density", "predicted_x_0", "roc", "score", "variance", "windows")
    assert {f"figures/{name}.png" for name in names} <= products
    metrics = run.test_metrics()
    assert metrics["num_samples"] == 100
    assert 0 <= metrics["hallucination_rate_low"] <= metrics["hallucination_rate"] <= metrics["hallucination_rate_high"]
    assert metrics["within_mode_std_exact"] > 0
    assert metrics["score_slope_ratio/2_std"] < 0.5  # twelve steps have taught it next to nothing
    store = SampleStore.open(run.folder / "predictions")
    fingerprint = store.manifest["fingerprint"]
    assert fingerprint["generation"]["sampler"]["init_args"]["start_alpha_bar"] == 1e-4
    stored = torch.load(run.folder / "checkpoints/last.ckpt", weights_only=True)["state_dict"]
    assert fingerprint["weights_sha256"] == weights_sha256(stored)
    (start,) = json.loads((run.folder / "predictions/provenance.json").read_text())
    assert start["finished"] >= start["started"]
    (batch,) = store
    assert batch.index.tolist() == list(range(100))
    assert batch.samples.shape == (100, 1)
    assert {name: scores.shape for name, scores in batch.scores.items()} == {
        "variance/last_5": (100,),
        "variance/last_10": (100,),
    }
    assert batch.verdict.kinds == ("in_support", "ambiguous", "interpolated", "invalid")


def test_fit_logs_losses_and_rates(fitted):
    header, *rows = (fitted.folder / "logs/fit/metrics.csv").read_text().splitlines()
    assert {"train/loss", "val/loss", "val/hallucination_rate", "val/detection/auroc"} <= set(header.split(","))
    assert len(rows) >= 12


@pytest.mark.parametrize("model", [pytest.param(VDM, marks=pytest.mark.slow), VDM_LEARNED], ids=["fixed", "learned"])
def test_a_vdm_leaves_the_same_products(run, model):
    run("fit", network=model)
    run("validate", "--ckpt_path=last", network=model)
    more_steps_than_levels = "--generation.sampler.init_args.num_steps=1200"
    run("test", "--ckpt_path=last", more_steps_than_levels, "--generation.num_samples=32", network=model)
    run("predict", "--ckpt_path=last", network=model)
    products = {str(path.relative_to(run.folder)) for path in run.folder.rglob("*") if path.is_file()}
    assert {"test_metrics.json", "predictions/manifest.json", "figures/predicted_x_0.png"} <= products
    (batch,) = SampleStore.open(run.folder / "predictions")
    assert batch.samples.isfinite().all()
    assert (batch.scores["variance/last_10"] > 0).all()
    (row,) = csv.DictReader((run.folder / "logs/validate/metrics.csv").open())
    terms = [float(row[f"val/{name}"]) for name in ("diffusion", "prior", "reconstruction")]
    assert float(row["val/loss"]) == pytest.approx(sum(terms), rel=1e-5)
    module = LightningModule.load_from_checkpoint(run.folder / "checkpoints/last.ckpt")
    assert isinstance(module, VariationalDiffusionModel)


def made(config):
    """The object of a class path and its arguments."""
    module, name = config["class_path"].rsplit(".", 1)
    return getattr(import_module(module), name)(**config["init_args"])


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda path: path.stem)
def test_every_experiment_has_a_sound_sampler(experiment, capsys):
    with pytest.raises(SystemExit):
        main(["test", "-c", str(experiment), "--print_config"])
    config = yaml.safe_load(capsys.readouterr().out)
    model, generation = config["model"]["init_args"], config["generation"]
    schedule, sampler = made(model["noise_schedule"]), made(generation["sampler"])
    for num_steps in (None, generation["monitor"]["num_steps"]):
        assert doubts(sampler.with_num_steps(num_steps), schedule, model["prediction"]) == []


ALIKE = {*IN_THE_TABLE} - {*LIKE_ANOTHER} | {"gaussian_1d", "shapes_cpu"}
"""Experiments that test_families.py runs, that most tests run, and that differ from `shapes_32` by size."""


def command_of(experiment, command):
    """Slow where it shows little more: a fit validates and draws, and test and predict differ by the data alone."""
    is_slow = experiment.stem in ALIKE if command == "fit" else experiment.stem not in ("gaussian_1d_exact", "mnist")
    marks = [pytest.mark.slow] if is_slow or command == "validate" else []
    return pytest.param(experiment, command, id=f"{command}-{experiment.stem}", marks=marks)


@pytest.mark.parametrize(
    ("experiment", "command"),
    [
        command_of(each, command)
        for command in ("fit", "validate", "test", "predict")
        for each in EXPERIMENTS
        if command != "fit" or "exact" not in each.stem  # the true score has nothing to train
    ],
)
def test_every_experiment_runs_every_command(run, experiment, command, digits):
    is_exact = "exact" in experiment.stem
    is_image = experiment.stem.startswith(IMAGES)
    network = () if is_exact else UNET if is_image else NETWORK
    untrained = () if command == "fit" else ("--allow_untrained=true",)
    few = (*FEW_IMAGES, *NO_FIGURES) if is_image else ()  # test_shapes.py draws them, once
    if "mnist" in experiment.stem:
        few = (*few, f"--data.init_args.root={digits}")
    run(command, *few, "--trainer.fast_dev_run=2", *untrained, config=experiment, network=network)


def test_saved_config_repeats_the_run(fitted, tmp_path):
    from lightning_modeinterp.cli import run_command

    run_command(["fit", "-c", str(fitted.folder / "config_fit.yaml"), f"--run.root={tmp_path}"])
    again = torch.load(tmp_path / "gaussian_1d/seed_0/checkpoints/last.ckpt", weights_only=True)["state_dict"]
    first = torch.load(fitted.folder / "checkpoints/last.ckpt", weights_only=True)["state_dict"]
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_one_seed_moves_all_seeds(run):
    cli = run("fit", "--seed_everything=7")
    assert (cli.model.seed, cli.datamodule.seed, cli.datamodule.generation.seed) == (7, 7, 7)
    saved = yaml.safe_load((run.root / "gaussian_1d/seed_7/config_fit.yaml").read_text())
    assert saved["generation"]["seed"] == 7
    cli = run("fit", "--seed_everything=8", "--data.init_args.seed=3")
    assert (cli.model.seed, cli.datamodule.seed) == (8, 3)


def test_interpolation_follows_overrides(run):
    config = ROOT / "configs/experiment/gaussian_1d_exact.yaml"
    cli = run("test", "--data.init_args.std=0.07", config=config, network=())
    assert cli.model.denoiser.mixture.std == 0.07
    assert cli.datamodule.mixture.std == 0.07


def test_samples_are_a_prefix_of_any_larger_set(fitted, tmp_path):
    sets = []
    for name, num_samples in (("few", 50), ("many", 100)):
        options = [
            "--ckpt_path",
            str(fitted.folder / "checkpoints/last.ckpt"),
            f"--generation.num_samples={num_samples}",
        ]
        fitted("predict", *options, f"--run.name={name}")
        sets.append(next(iter(SampleStore.open(fitted.root / "gaussian_1d" / name / "predictions"))))
    few, many = sets
    assert few.samples.isfinite().all()
    assert torch.equal(few.samples, many.samples[:50])
    assert torch.equal(few.scores["variance/last_10"], many.scores["variance/last_10"][:50])


def test_a_checkpoint_loads_without_the_command_line(fitted):
    module = LightningModule.load_from_checkpoint(fitted.folder / "checkpoints/last.ckpt")
    assert isinstance(module, DDPM)
    stored = torch.load(fitted.folder / "checkpoints/last.ckpt", weights_only=True)["state_dict"]
    assert all(torch.equal(stored[name], weights) for name, weights in module.state_dict().items())


def test_a_checkpoint_is_read_as_plain_data_alone(run, monkeypatch):
    """By Lightning too, whose default before torch 2.6 is to unpickle whatever there is."""
    run("fit", "--trainer.max_steps=6")
    seen, load = [], torch.load
    monkeypatch.setattr("torch.load", lambda *args, **options: seen.append(options) or load(*args, **options))
    for command in ("fit", "validate", "test", "predict"):
        seen.clear()
        run(command, "--ckpt_path=last", *NO_FIGURES)
        assert len(seen) >= 2, command  # ours, and Lightning's
        assert all(options["weights_only"] is True for options in seen), command


def test_generation_settings_beat_the_checkpoint(fitted):
    options = ["--ckpt_path=last", "--generation.sampler.num_steps=17", "--run.overwrite=true"]
    cli = fitted("test", *options)
    assert cli.datamodule.generation.sampler.num_steps == 17
    stored = torch.load(fitted.folder / "checkpoints/last.ckpt", weights_only=True)["hyper_parameters"]
    assert not any("generation" in name or "sampler" in name for name in stored)


def test_what_to_do_next_is_said(fitted, capsys):
    fitted("validate", "--ckpt_path=last")
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("next: "))
    assert line.startswith(f"next: modeinterp test -c {CONFIG} --run.root={fitted.root} ")
    assert line.endswith("--model.init_args.denoiser.init_args.width=16 --ckpt_path last")


def test_summary_prints_whatever_comes_out(fitted, capsys):
    fitted("test", "--ckpt_path=last", "--run.overwrite=true")
    out = capsys.readouterr().out
    assert re.search(r"hallucination rate +[\d.]+ \[[\d.]+, [\d.]+\]  of 100 samples", out)
    assert "removed at 96 % retained" in out
    assert "figures/density.png" in out


def test_a_monitor_with_further_metrics_takes_the_place_of_ours(fitted):
    metric = "{class_path: SupportRates, init_args: {kinds: [in_support, ambiguous, interpolated, invalid]}}"
    monitor = f"[{{class_path: HallucinationMonitor, init_args: {{metrics: [{metric}]}}}}]"
    cli = fitted("test", "--ckpt_path=last", "--run.overwrite=true", f"--trainer.callbacks={monitor}")
    (only,) = (each for each in cli.trainer.callbacks if isinstance(each, HallucinationMonitor))
    assert len(only.extra_metrics) == 1
    assert fitted.test_metrics()["num_samples"] == 100


def test_a_swapped_class_says_what_it_keeps(fitted, capsys):
    swap = ["--generation.sampler=DDIMSampler", "--data.init_args.support=DensityThreshold"]
    fitted("test", "--ckpt_path=last", "--run.overwrite=true", *swap)
    assert "keeps" not in capsys.readouterr().err  # the file gives AncestralSampler a `variance`, which DDIM lacks
    schedule = ["--model.init_args.noise_schedule=CosineSchedule", "--trainer.fast_dev_run=1"]
    fitted("fit", *schedule, "--run.name=swapped")
    assert "modeinterp: note: model.noise_schedule: CosineSchedule keeps num_steps=1000" in capsys.readouterr().err


def test_baselines_are_judged_beside_the_windows_and_stand_in_the_store(fitted):
    overlay = ["--ckpt_path=last", "--run.overwrite=true", f"--generation={ROOT / 'configs/generation/baselines.yaml'}"]
    fitted("test", *overlay)
    names = ("path_length", "path_length_last_10", "distance_last_10", "noise_norm", "score_laplacian")
    metrics = fitted.test_metrics()
    for name in (*names, "variance/last_5", "variance/last_10"):
        assert {f"detection/{name}/auroc", f"detection/{name}/removed_at_96_retained"} <= metrics.keys()
    fitted("predict", *overlay)
    store = SampleStore.open(fitted.folder / "predictions")
    scores = store.manifest["fingerprint"]["generation"]["end_point_scores"]
    assert scores["noise_norm"]["init_args"] == {"noise_to_signal": 0.05}
    (batch,) = store
    assert set(batch.scores) == {"variance/last_5", "variance/last_10", *names}
    assert all(scores.shape == (100,) and scores.isfinite().all() for scores in batch.scores.values())


def test_baselines_are_taken_of_the_true_score_too(run):
    options = ("--generation.true_score=true", f"--generation={ROOT / 'configs/generation/baselines.yaml'}")
    run("predict", *options[1:], options[0], "--allow_untrained=true", "--generation.num_samples=32")
    (batch,) = SampleStore.open(run.folder / "predictions")
    assert batch.scores["score_laplacian"].isfinite().all()


def test_a_run_of_before_a_class_moved_goes_on(run, capsys):
    """Its saved config and the command name the class by its old name."""
    old, new = (f"lightning_modeinterp.{room}.GaussianMixtureDataModule" for room in ("datamodules", "data.gaussian"))
    run("fit")
    saved = run.folder / "config_fit.yaml"
    saved.write_text(saved.read_text().replace(new, old))
    assert old in saved.read_text()
    run("fit", "--ckpt_path=last", "--trainer.max_steps=14")
    run("predict", "--ckpt_path=last", f"--data={old}")
    assert f"note: {old} is now {new}: the old names still work" in capsys.readouterr().err
    run("predict", "--ckpt_path=last", "--generation.num_samples=128")  # goes on with the same store
    assert len(SampleStore.open(run.folder / "predictions")) == 128


@pytest.mark.parametrize("old", ["callbacks.ExclusionMonitor", "callbacks.exclusion.ExclusionMonitor"])
def test_a_callback_of_before_is_found_with_its_arguments(run, capsys, old):
    callback = f"{{class_path: lightning_modeinterp.{old}, init_args: {{num_pairs: 8}}}}"
    cli = run("fit", f"--trainer.callbacks+={callback}")
    (found,) = (each for each in cli.trainer.callbacks if isinstance(each, ValidationProbes))
    assert found.num_pairs == 8
    assert f"lightning_modeinterp.{old} is now lightning_modeinterp.callbacks.Val" in capsys.readouterr().err


def test_a_short_name_of_before_is_refused_with_that_of_today(run):
    with pytest.raises(ConfigurationError, match="got ExclusionMonitor; it is ValidationProbes now"):
        run("fit", "--trainer.callbacks+=ExclusionMonitor")


@pytest.mark.parametrize("given", ["TQDMProgressBar", "[{class_path: TQDMProgressBar}]"])
def test_a_bar_of_ones_own_is_shown_off_a_terminal(run, given):
    cli = run("fit", f"--trainer.callbacks={given}", "--trainer.max_steps=2")
    assert type(cli.trainer.progress_bar_callback).__name__ == "TQDMProgressBar"
