"""A new run with the weights of another, and what a fit that goes on may not change."""

import pytest
import torch
import yaml

from lightning_modeinterp.fingerprints import weights_sha256
from lightning_modeinterp.sample_store import SampleStore

from .conftest import CONFIG, NETWORK, ROOT, SMALL, Runner, fails_with

AVERAGED = (
    "--trainer.callbacks=[{class_path: lightning.pytorch.callbacks.EMAWeightAveraging, "
    "init_args: {decay: 0.5, use_buffers: false}}]"
)
RATE = "--model.init_args.optimizer.init_args.lr={}"
OTHER_DATA = "--data.init_args.means=[5, 6, 7]"


def checkpoint_of(runner):
    return torch.load(last_of(runner), weights_only=True)


def last_of(runner):
    return runner.folder / "checkpoints/last.ckpt"


def config_of(runner):
    return yaml.safe_load((runner.folder / "config_fit.yaml").read_text())


@pytest.fixture(scope="module")
def averaged(tmp_path_factory):
    runner = Runner(tmp_path_factory.mktemp("averaged"))
    runner("fit", AVERAGED)
    return runner


@pytest.mark.parametrize(("source", "kind"), [("fitted", "weights"), ("averaged", "averaged weights")])
def test_a_new_run_begins_with_the_weights_alone(source, kind, run, request, capsys):
    """Without a learning rate they are what it ends with."""
    source = request.getfixturevalue(source)
    run("fit", f"--init_from={last_of(source)}", RATE.format(0), OTHER_DATA, "--trainer.max_steps=2")
    assert f"note: init_from: a new run, with the {kind} of step 12 in {last_of(source)}" in capsys.readouterr().err
    begun, made = checkpoint_of(source), checkpoint_of(run)
    assert weights_sha256(made["state_dict"]) == weights_sha256(begun["state_dict"])
    assert made["global_step"] == 2
    assert {int(state["step"]) for state in made["optimizer_states"][0]["state"].values()} == {2}
    assert made["init_from"] == {
        "path": str(last_of(source)),
        "global_step": 12,
        "is_averaged": source is not request.getfixturevalue("fitted"),
        "weights_sha256": weights_sha256(begun["state_dict"]),
        "init_from": None,
    }
    assert config_of(run)["init_from"] == str(last_of(source))


def test_one_command_begins_and_goes_on_to_the_same_end(fitted, tmp_path):
    whole, broken, plain = (Runner(tmp_path / name) for name in ("whole", "broken", "plain"))
    begin = (f"--init_from={last_of(fitted)}", "--ckpt_path=last", RATE.format(0.01))
    whole("fit", *begin)
    broken("fit", *begin, "--trainer.max_steps=5")
    broken("fit", *begin)
    plain("fit", *begin, "--trainer.max_steps=5")
    plain("fit", *begin[1:])
    for each in (broken, plain):
        assert weights_sha256(checkpoint_of(each)["state_dict"]) == weights_sha256(checkpoint_of(whole)["state_dict"])
        assert checkpoint_of(each)["init_from"] == checkpoint_of(whole)["init_from"]
        assert config_of(each)["init_from"] == str(last_of(fitted))


def test_samples_say_what_their_model_began_with_and_what_that_one_did(fitted, tmp_path):
    first, second = Runner(tmp_path / "first"), Runner(tmp_path / "second")
    first("fit", f"--init_from={last_of(fitted)}", "--trainer.max_steps=2")
    second("fit", f"--init_from={last_of(first)}", "--trainer.max_steps=3")
    second("predict", "--ckpt_path=last")
    said = SampleStore.open(second.folder / "predictions").manifest["fingerprint"]["init_from"]
    assert (said["global_step"], said["init_from"]["global_step"]) == (2, 12)
    assert said["init_from"]["weights_sha256"] == weights_sha256(checkpoint_of(fitted)["state_dict"])
    assert "path" not in said


def test_a_model_that_is_another_but_for_its_network_is_named(fitted, run, capsys):
    run("fit", f"--init_from={last_of(fitted)}", "--model.init_args.noise_schedule.init_args.beta_end=0.1")
    assert "; model.noise_schedule.init_args.beta_end was 0.2 and is 0.1" in capsys.readouterr().err


def test_a_shipped_checkpoint_is_good_to_begin_with(run, capsys):
    shipped = ROOT / "docs/results/along_training/1d_050000-6e25a1e94c.ckpt"
    run("fit", f"--init_from={shipped}", "--trainer.fast_dev_run=1", network=())
    assert f"with the weights of step 50000 in {shipped}" in capsys.readouterr().err
    assert not run.root.exists() or not list(run.root.iterdir())


REFUSED = {
    "no such file": (["--init_from=nope.ckpt"], "init_from: expected a checkpoint file, found none at nope.ckpt"),
    "no checkpoint": ([f"--init_from={CONFIG}"], "init_from: expected a checkpoint written by `modeinterp fit`, got"),
    "both": (["--init_from={ckpt}", "--ckpt_path={ckpt}"], "init_from: expected no --ckpt_path with it but last"),
    "another network": (
        ["--init_from={ckpt}", "--model.init_args.denoiser.init_args.width=32"],
        "model.denoiser.init_args.width: expected 16, as in the network whose weights are in",
    ),
    "another class": (
        [f"--init_from={ROOT / 'docs/results/shapes/shapes_32.ckpt'}"],
        "model.denoiser.class_path: expected lightning_modeinterp.denoisers.UNet, as in the network whose",
    ),
    "another prediction": (
        ["--init_from={ckpt}", "--model.init_args.prediction=x_0"],
        "model.prediction: expected eps, as in the network whose weights are in",
    ),
    "another shape": (
        ["--init_from={ckpt}", f"--data={ROOT / 'configs/data/gaussian_2d_grid.yaml'}"],
        "data: expected samples of shape (1,), for which the checkpoint's network was made, got (2,)",
    ),
    "another beginning": (
        ["--init_from=other.ckpt", "--ckpt_path=last", "--run.root={root}"],
        "init_from: expected none, which the resumed fit started from, got other.ckpt; remove it to resume",
    ),
    "what it replaces": (
        ["--init_from={ckpt}", "--run.root={root}", "--run.overwrite=true"],
        "init_from: expected a file that --run.overwrite true does not replace",
    ),
    "an earlier fit": (["--init_from={ckpt}", "--run.root={root}"], "expected no earlier fit in this run directory"),
    "weights only": (["--weights_only=true"], "from the weights alone give --init_from CKPT"),
    "learning rate": (
        ["--run.root={root}", "--ckpt_path=last", RATE.format(0.0001)],
        "or start a new run from these weights (--init_from CKPT --run.name NAME)",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_one_line(name, fitted, tmp_path, capsys):
    options, expected = REFUSED[name]
    places = {"ckpt": last_of(fitted), "root": fitted.root}
    given = [option.format(**places) if "{ckpt}" in option or "{root}" in option else option for option in options]
    line = fails_with(["fit", "-c", str(CONFIG), f"--run.root={tmp_path}", *SMALL, *NETWORK, *given], capsys)
    assert expected in line
    assert not list(tmp_path.iterdir())


def test_weights_are_begun_with_by_a_fit_alone(fitted, tmp_path, capsys):
    asked = [f"--init_from={last_of(fitted)}", f"--run.root={tmp_path}"]
    line = fails_with(["test", "-c", str(CONFIG), *SMALL, *NETWORK, *asked], capsys)
    assert "init_from: expected with fit only, got" in line


def test_a_saved_config_of_such_a_fit_serves_the_other_commands(fitted, run):
    run("fit", f"--init_from={last_of(fitted)}", "--trainer.max_steps=2")
    run("validate", "--ckpt_path=last", f"--init_from={last_of(fitted)}")


def test_a_fit_that_has_nothing_left_to_train_says_so(run, capsys):
    run("fit", "--trainer.max_steps=2")
    assert "nothing was left" not in capsys.readouterr().err
    run("fit", "--trainer.max_steps=2", "--ckpt_path=last")
    assert "note: nothing was left to train after step 2; raise --trainer.max_steps" in capsys.readouterr().err
    run("fit", "--trainer.max_steps=3", "--ckpt_path=last")
    assert "nothing was left" not in capsys.readouterr().err
