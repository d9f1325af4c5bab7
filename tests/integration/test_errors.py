"""Everything a user can get wrong: one line that helps, exit status 2, nothing written."""

import pytest
import torch

from lightning_modeinterp.cli import main
from lightning_modeinterp.data.gaussian import GaussianMixtureDataModule
from lightning_modeinterp.errors import ConfigurationError

from .conftest import CONFIG, NETWORK, NO_FIGURES, ROOT, SMALL, Runner, fails_with

WINDOW = ("--generation.window=w", "--generation.windows={}")

CASES = {
    "unknown option": (["--trainer.max_stepz=3"], "did you mean trainer.max_steps?"),
    "unknown option of a class": (
        ["--model.denoiser.widht=3"],
        "model.denoiser.widht: no such option; did you mean width?",
    ),
    "unknown option of generation": (["--generation.num_sample=3"], "did you mean generation.num_samples?"),
    "wrong type": (["--data.init_args.std=abc"], "data.std: expected a float, got abc"),
    "wrong choice": (["--model.prediction=epsilon"], "expected one of 'eps', 'x_0', 'v', got epsilon"),
    "no file": (["-c", "nope.yaml"], "nope.yaml"),
    "sigma": (["--data.init_args.std=0"], "std: expected a number > 0, got 0.0"),
    "negative sigma": (["--data.init_args.std=-1"], "std: expected a number > 0, got -1.0"),
    "weights": (["--data.init_args.weights=[0.5, 0.5, 0.5]"], "sum to 1, got [0.5, 0.5, 0.5]"),
    "number of weights": (["--data.init_args.weights=[0.5, 0.5]"], "one for each of the 3 means"),
    "batch size": (["--data.init_args.batch_size=1000"], "batch_size from 1 to the 512"),
    "more steps than T": (
        ["--generation.sampler.num_steps=2000"],
        "at most the 296 levels of the noise schedule",
    ),
    "window outside": (
        ["--generation.window=w", '--generation.windows={"w": {"last_steps": 21}}'],
        "expected steps within 0..19, got 0..20",
    ),
    "short window": (
        ["--generation.window=w", '--generation.windows={"w": {"last_steps": 2}}'],
        "at least 3 of the sampler's steps, got 2",
    ),
    "noise levels outside": (
        ["--generation.window=w", '--generation.windows={"w": {"noise_to_signal": [1e-6, 1e-5]}}'],
        "expected noise levels within the sampler's",
    ),
    "no such window": (["--generation.window=last_11"], "expected one of last_5, last_10, got last_11"),
    "no checkpoint": (["--ckpt_path=nope.ckpt"], "found none at nope.ckpt"),
    "class": (["--model=DDMP"], "model: expected the name of a class, got DDMP; did you mean DDPM?"),
    "class of another kind": (
        ["--model=torch.nn.Linear"],
        "expected a subclass of DiffusionModule, got torch.nn.Linear",
    ),
    "class in a class": (["--generation.sampler=Ancestral"], "got Ancestral; did you mean AncestralSampler?"),
    "class of one's own": (["--data=nowhere.Nope"], "got nowhere.Nope; Python finds none of that name; is nowhere on"),
    "class that a module lacks": (
        ["--data=json.Nope"],
        "got json.Nope; Python finds none of that name; is json on PYTHONPATH?",
    ),
    "optimiser": (["--model.init_args.optimizer=torch.optim.Adm"], "got torch.optim.Adm; did you mean Adam?"),
    "logger": (
        ["--trainer.logger=Wandb"],
        "trainer.logger: expected the name of a class, got Wandb; did you mean WandbLogger?",
    ),
    "callback": (["--trainer.callbacks=[{class_path: EMAWeightAveragin}]"], "did you mean EMAWeightAveraging?"),
    "type in a class": (
        ["--generation.sampler.num_steps=abc"],
        "generation.sampler.num_steps: expected an int, got abc",
    ),
    "union of types": (["--seed_everything=abc"], "seed_everything: expected a bool or an int, got abc"),
    "seed": (["--seed_everything=-1"], "seed_everything: expected a number from 0 to 2^32 - 1, got -1"),
    "no seed": (
        ["--seed_everything=true"],
        "seed_everything: expected a number from 0 to 2^32 - 1, got True",
    ),
    "unseeded": (["--seed_everything=false"], "seed_everything: expected a number from 0 to 2^32 - 1, got False"),
    "learning rate": (["--model.init_args.optimizer.init_args.lr=-1"], "model.optimizer: Invalid learning rate: -1.0"),
    "scheduler argument": (
        ["--model.init_args.lr_scheduler=CosineAnnealingLR"],
        "model.lr_scheduler: CosineAnnealingLR needs T_max",
    ),
    "accelerator": (["--trainer.accelerator=gpuu"], "trainer: You selected an invalid accelerator name"),
    "no such device": (["--trainer.accelerator=tpu"], "trainer: Requirement 'torch_xla"),
    "strategy": (["--trainer.strategy=dpp"], "trainer: You selected an invalid strategy name"),
    "validation interval": (["--trainer.val_check_interval=0"], "val_check_interval: expected a number > 0"),
    "no batches": (["--trainer.limit_train_batches=0"], "limit_train_batches: expected a number > 0, got 0, so"),
    "section file": (["--trainer=nope.yaml"], "trainer: expected a config file, found none at nope.yaml"),
    "stray word": (["stray"], "stray: expected options only, such as --run.name stray"),
    "option without its group": (["--max_steps=3"], "max_steps: no such option; did you mean trainer.max_steps?"),
    "empty name": (["--run.name="], "run.name: expected a name or a path below run.root, got ''"),
    "climbing name": (["--run.experiment=../up"], "run.experiment: expected a name or a path below run.root"),
    "root": (["--run.root=/proc/nope"], "run.root: expected a folder that can be written, got /proc/nope"),
    "number of samples": (["--generation.num_samples=0"], "expected num_samples >= 1"),
    "unpickling": (["--weights_only=false"], "weights_only: expected true or null, got false"),
    "no window": (["--generation.windows={}"], "windows: expected at least one, got none"),
    "window of two kinds": (
        ["--generation.window=w", "--generation.windows={w: {last_steps: 9, noise_to_signal: [0.1, 1]}}"],
        "window: expected exactly one of last_steps, steps and noise_to_signal",
    ),
    "option of a window": (["--generation.windows={w: {last_stepz: 3}}"], "did you mean last_steps?"),
    "option of the monitor": (["--generation.monitor={num_sampels: 4}"], "did you mean num_samples?"),
    "steps of the monitor": (["--generation.monitor={num_steps: 3}"], "expected steps within 0..2, got 0..4"),
    "betas": (["--model.init_args.noise_schedule.init_args.beta_end=1.5"], "expected 0 < beta_start <= beta_end < 1"),
    "width": (["--model.init_args.denoiser.init_args.width=0"], "expected an even width >= 4 and depth >= 1, got 0"),
    "means": (["--data.init_args.means=[[1, 2], [3]]"], "expected a list of numbers or of equally long lists"),
    "oracle": (
        ["--data.init_args.support=DensityThreshold", "--data.init_args.support.init_args.epsilon=-1"],
        "support.epsilon: expected a density > 0, got -1.0",
    ),
    "class of a decoder": (
        ["--model=VDM", "--model.init_args.decoder=GausianDecoder"],
        "got GausianDecoder; did you mean GaussianDecoder?",
    ),
    "steps of a VDM": (
        ["--model=VDM", "--model.init_args.prediction=eps", "--model.init_args.num_train_steps=0"],
        "num_train_steps: expected at least 1",
    ),
    "learned schedule of a DDPM": (
        [
            "--model.init_args.noise_schedule=LearnedGammaSchedule",
            "--model.init_args.noise_schedule.init_args.num_steps=50",
        ],
        "model.noise_schedule: expected one without parameters, since DDPM trains on a fixed grid",
    ),
    "ends of gamma": (
        [
            "--model=VDM",
            "--model.init_args.prediction=eps",
            "--model.init_args.noise_schedule=LearnedGammaSchedule",
            "--model.init_args.noise_schedule.init_args.gamma_min=9",
        ],
        "gamma: expected gamma_min < gamma_max, got 9.0 and 5.0",
    ),
    "checkpoint interval": (["--checkpoint.every_n_steps=0"], "expected a number of optimiser steps >= 1, got 0"),
    "batch that processes cannot share": (
        ["--trainer.devices=3"],
        "data.batch_size: expected a multiple of the 3 processes, since it is the global batch size, got 64",
    ),
}


REFUSED_ALIKE = (
    *("negative sigma", "weights", "number of weights", "betas", "width", "oracle", "ends of gamma", "steps of a VDM"),
    *("more steps than T", "short window", "noise levels outside", "window of two kinds", "no window"),
    *("number of samples", "steps of the monitor", "checkpoint interval", "climbing name"),
)
"""By a constructor, as others here are; what it says is tested where the class is. Slow."""


@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=[pytest.mark.slow] if each in REFUSED_ALIKE else []) for each in CASES]
)
def test_one_clear_line_and_nothing_written(name, tmp_path, capsys):
    options, expected = CASES[name]
    line = fails_with(["fit", "-c", str(CONFIG), f"--run.root={tmp_path}", *SMALL, *NETWORK, *options], capsys)
    assert expected in line
    assert not list(tmp_path.iterdir())


def test_unknown_command(capsys):
    assert "fit" in fails_with(["fitt"], capsys)


@pytest.mark.parametrize(
    ("command", "checkpoint"),
    [("validate", []), ("test", []), ("predict", []), ("test", ["--ckpt_path=last"])],
)
def test_random_weights_are_not_evaluated(command, checkpoint, tmp_path, capsys):
    line = fails_with([command, "-c", str(CONFIG), f"--run.root={tmp_path}", *SMALL, *checkpoint], capsys)
    assert "ckpt_path: expected a checkpoint" in line
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", None])
def test_foreign_or_torn_checkpoint(content, tmp_path, capsys):
    file = tmp_path / "foreign.ckpt"
    if content is None:
        torch.save({"state_dict": {}}, file)
    else:
        file.write_bytes(content)
    line = fails_with(["test", "-c", str(CONFIG), f"--run.root={tmp_path / 'runs'}", f"--ckpt_path={file}"], capsys)
    assert "expected a checkpoint written by `modeinterp fit`" in line
    assert not (tmp_path / "runs").exists()


def test_torn_checkpoint_of_ours(fitted, tmp_path, capsys):
    whole = (fitted.folder / "checkpoints/last.ckpt").read_bytes()
    torn = tmp_path / "torn.ckpt"
    torn.write_bytes(whole[: len(whole) // 2])
    assert "torn" in fails_with(["test", "-c", str(CONFIG), *SMALL, f"--ckpt_path={torn}"], capsys)


def test_value_that_conflicts_with_the_checkpoint(fitted, capsys):
    arguments = ["test", "-c", str(CONFIG), f"--run.root={fitted.root}", *SMALL, "--ckpt_path=last"]
    line = fails_with([*arguments, "--model.init_args.denoiser.init_args.width=32"], capsys)
    assert "model.denoiser.init_args.width: expected 16, with which the checkpoint was trained, got 32" in line


OTHER_MEANS = "--data.init_args.means=[5, 6, 7]"
PLANE = (OTHER_MEANS, f"--data={ROOT / 'configs/data/gaussian_2d_grid.yaml'}")


@pytest.mark.parametrize(
    ("command", "option", "expected"),
    [
        ("test", OTHER_MEANS, "data.init_args.means: expected [1.0, 2.0, 3.0], got [5.0, 6.0, 7.0]: the model was"),
        ("validate", "--data.init_args.std=0.1", "data.init_args.std: expected 0.05, got 0.1: the model was trained"),
        ("predict", PLANE[1], "data.class_path: expected GaussianMixtureDataModule, got GaussianGridDataModule: the"),
    ],
    ids=["means", "std", "class"],
)
def test_a_model_is_not_judged_by_other_data(fitted, command, option, expected, capsys):
    arguments = [command, "-c", str(CONFIG), f"--run.root={fitted.root}", *SMALL, *NETWORK, "--ckpt_path=last"]
    line = fails_with([*arguments, option], capsys)
    assert expected in line
    assert "--allow_other_data true if you mean it" in line
    assert not (fitted.folder / f"config_{command}.yaml").exists()


def test_other_data_of_another_shape_are_refused_even_if_they_are_meant(fitted, capsys):
    arguments = ["test", "-c", str(CONFIG), f"--run.root={fitted.root}", *SMALL, *NETWORK, "--ckpt_path=last"]
    line = fails_with([*arguments, PLANE[1], "--allow_other_data=true", "--data.init_args.batch_size=64"], capsys)
    assert "data: expected samples of shape (1,), for which the checkpoint's network was made, got (2,)" in line


def test_other_data_are_judged_by_their_own_truth_if_they_are_meant(fitted, tmp_path, capsys):
    run = Runner(tmp_path)
    checkpoint = f"--ckpt_path={fitted.folder / 'checkpoints/last.ckpt'}"
    run("test", checkpoint, OTHER_MEANS, "--allow_other_data=true", *NO_FIGURES)
    assert "note: data.init_args.means: expected [1.0, 2.0, 3.0], got [5.0, 6.0, 7.0]" in capsys.readouterr().err
    assert run.test_metrics()["num_drawn"] == 100


def test_sizes_seed_and_oracle_do_not_make_other_data(fitted, tmp_path, capsys):
    run = Runner(tmp_path)
    checkpoint = f"--ckpt_path={fitted.folder / 'checkpoints/last.ckpt'}"
    sizes = ("--data.init_args.test_size=64", "--data.init_args.size=300", "--data.init_args.batch_size=50")
    oracle = ("--data.init_args.support=DensityThreshold", "--data.init_args.support.init_args.epsilon=1e-3")
    run("test", checkpoint, *sizes, *oracle, "--data.init_args.seed=3", *NO_FIGURES)
    assert "note: data" not in capsys.readouterr().err
    assert run.test_metrics()["num_drawn"] == 100


def test_an_older_checkpoint_cannot_be_compared(fitted, tmp_path, capsys):
    checkpoint = torch.load(fitted.folder / "checkpoints/last.ckpt", weights_only=True)
    assert checkpoint.pop("data")["init_args"]["means"] == [1.0, 2.0, 3.0]
    torch.save(checkpoint, tmp_path / "old.ckpt")
    Runner(tmp_path)("test", f"--ckpt_path={tmp_path / 'old.ckpt'}", OTHER_MEANS, *NO_FIGURES)
    assert "note: ckpt_path: this checkpoint does not say what data it was trained on" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["validate", "test", "predict"])
def test_nothing_to_evaluate_is_refused(fitted, command, capsys):
    name = f"limit_{'val' if command == 'validate' else command}_batches"
    arguments = [command, "-c", str(CONFIG), f"--run.root={fitted.root}", *SMALL, *NETWORK, "--ckpt_path=last"]
    line = fails_with([*arguments, f"--trainer.{name}=0"], capsys)
    assert f"trainer.{name}: expected a number > 0, got 0, so {command} has nothing to do" in line


def test_a_second_fit_is_refused_unless_it_overwrites(fitted, capsys):
    arguments = ["fit", "-c", str(CONFIG), f"--run.root={fitted.root}", *SMALL, *NETWORK]
    line = fails_with(arguments, capsys)
    assert "--run.overwrite true, or resume with --ckpt_path last" in line


def test_debug_keeps_the_traceback(monkeypatch):
    monkeypatch.setenv("MODEINTERP_DEBUG", "1")
    with pytest.raises(ValueError, match="did you mean"):
        main(["fit", "-c", str(CONFIG), "--trainer.max_stepz=3"])


RESUME = ("fit", "-c", str(CONFIG), "--ckpt_path=last", "--trainer.max_steps=13")


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("--data.init_args.size=640", "data.init_args.size: expected 512, got 640: the fit in"),
        ("--data.init_args.batch_size=32", "data.init_args.batch_size: expected 64, got 32: the fit in"),
        ("--seed_everything=1", "model.seed: expected 0, with which the checkpoint was trained, got 1"),
        ("--model.init_args.optimizer.init_args.lr=0.5", "lr: expected 0.001, with which the checkpoint was trained"),
    ],
)
def test_a_fit_does_not_go_on_as_another(fitted, option, expected, capsys):
    name = "--run.name=seed_0"  # the seed names the run directory
    line = fails_with([*RESUME, f"--run.root={fitted.root}", *SMALL, *NETWORK, name, option], capsys)
    assert expected in line


def test_a_fit_does_not_go_on_from_averaged_weights(run, capsys):
    averaging = "{class_path: lightning.pytorch.callbacks.EMAWeightAveraging, init_args: {decay: 0.5}}"
    run("fit", f"--trainer.callbacks=[{averaging}]")
    assert "note: trainer.callbacks: weight averaging rounds constants too" in capsys.readouterr().err
    line = fails_with([*RESUME, f"--run.root={run.root}", *SMALL, *NETWORK], capsys)
    assert "trainer.callbacks: expected the EMAWeightAveraging with which the fit began, got none" in line


def test_fewer_data_than_processes_is_refused():
    data = GaussianMixtureDataModule([1.0], size=8, validation_size=2, test_size=9, batch_size=8)
    data.trainer = type("Trainer", (), {"world_size": 3, "global_rank": 0})()
    assert len(data.test_dataloader()) == 2
    with pytest.raises(ConfigurationError, match="one validation sample for each of the 3 processes, got 2"):
        data.val_dataloader()


def test_batches_smaller_than_the_processes_are_refused():
    """Test and validation have no other check, and the processes without a batch were waited for."""
    data = GaussianMixtureDataModule([1.0], size=8, validation_size=8, test_size=8, batch_size=2)
    data.trainer = type("Trainer", (), {"world_size": 3, "global_rank": 0})()
    for loaders in (data.val_dataloader, data.test_dataloader):
        with pytest.raises(ConfigurationError, match="at least 1 for each of the 3 processes, since"):
            loaders()
