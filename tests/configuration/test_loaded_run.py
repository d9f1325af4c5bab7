"""A run in Python: its samples are those of ``predict``, bit for bit."""

import shutil

import pytest
import torch
import yaml

from lightning_modeinterp import load_run
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.sample_store import SampleStore
from tests.integration.conftest import ROOT, Runner

TRACES = '--generation.observers={"length": {"class_path": "PathLength"}}'
MORE = (
    TRACES,
    '--generation.end_point_scores={"noise": {"class_path": "NoiseNorm", "init_args.noise_to_signal": 0.5}}',
)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A run that has been fitted with averaged weights; tests must not write over what it holds."""
    runner = Runner(tmp_path_factory.mktemp("fitted"))
    runner("fit", f"--trainer={ROOT / 'configs/trainer/ema.yaml'}")
    return runner


@pytest.fixture(scope="module")
def predicted(fitted):
    """Draw into a run directory of its own; gives its folder."""

    def predict(name, *options):
        checkpoint = fitted.folder / "checkpoints/last.ckpt"
        fitted("predict", f"--ckpt_path={checkpoint}", f"--run.name={name}", *options)
        return fitted.root / "gaussian_1d" / name

    return predict


def assert_same(batch, other):
    for name in ("index", "samples", "diverged"):
        assert torch.equal(getattr(batch, name), getattr(other, name)), name
    for name in ("scores", "statistics"):
        ours, theirs = getattr(batch, name), getattr(other, name)
        assert ours.keys() == theirs.keys(), name
        assert all(torch.equal(values, theirs[each]) for each, values in ours.items()), name
    assert torch.equal(batch.verdict.kind, other.verdict.kind)
    assert torch.equal(batch.verdict.mode, other.verdict.mode)
    assert batch.verdict.kinds == other.verdict.kinds


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "16-mixed"])
def test_samples_are_those_of_predict(predicted, precision):
    folder = predicted(precision, f"--trainer.precision={precision}", *MORE)
    (stored,) = SampleStore.open(folder / "predictions")
    run = load_run(folder)  # whose checkpoint lies elsewhere
    assert_same(run.draw(), stored)
    assert_same(run.draw(100), stored)
    first = run.draw(40)
    assert torch.equal(first.samples, stored.samples[:40])
    blocks = list(run.drawing.blocks([2, 0]))
    assert torch.equal(blocks[0].samples, stored.samples[64:96])
    assert torch.equal(blocks[1].index, stored.index[:32])


def test_a_fit_alone_is_enough_and_its_averaged_weights_are_taken(fitted, predicted):
    (stored,) = SampleStore.open(predicted("plain") / "predictions")
    run = load_run(str(fitted.folder))
    assert_same(run.draw(100), stored)
    checkpoint, weight = torch.load(run.checkpoint, weights_only=True), "denoiser.layers.0.time.weight"
    assert torch.equal(run.module.state_dict()[weight], checkpoint["state_dict"][weight])
    assert not torch.equal(checkpoint["current_model_state"][weight], checkpoint["state_dict"][weight])
    assert not run.module.training


def test_the_callers_random_numbers_stay(fitted):
    before = torch.get_rng_state()
    load_run(fitted.folder).draw(10)
    assert torch.equal(torch.get_rng_state(), before)


def test_predicts_settings_come_before_those_of_fit(fitted, tmp_path):
    folder = tmp_path / "moved"
    shutil.copytree(fitted.folder, folder)
    config = yaml.safe_load((folder / "config_fit.yaml").read_text())
    own = str(fitted.folder / "checkpoints/last.ckpt")
    config |= {"ckpt_path": own, "generation": {**config["generation"], "seed": 7, "num_samples": 33}}
    (folder / "config_predict.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    run = load_run(folder)
    assert (run.data.generation.seed, len(run.draw())) == (7, 33)
    assert run.checkpoint == folder / "checkpoints/last.ckpt"  # what the config names has moved along
    assert run.config == yaml.safe_load((folder / "config_predict.yaml").read_text())  # as saved
    assert load_run(folder, "fit").data.generation.seed == 0


def test_nothing_has_to_be_trained_for_the_true_score(fitted):
    fitted("predict", "--run.name=truth", "--generation.true_score=true")
    (stored,) = SampleStore.open(fitted.root / "gaussian_1d/truth/predictions")
    run = load_run(fitted.root / "gaussian_1d/truth")
    assert run.checkpoint is None
    assert_same(run.draw(), stored)


def test_the_documented_lines_draw(fitted, monkeypatch):
    page = (ROOT / "docs/python.md").read_text()
    (block,) = [each for each in page.split("```python\n")[1:] if "load_run" in each]
    monkeypatch.chdir(fitted.root.parent)
    block = block.partition("```")[0].replace("runs/", f"{fitted.root.name}/").replace("10_000", "50")
    namespace = {}
    exec(block, namespace)
    assert len(namespace["batch"]) == 50
    assert len([line for line in block.splitlines() if line.strip()]) <= 4  # with the import


def test_the_documented_loop_runs():
    (block,) = [each for each in (ROOT / "docs/python.md").read_text().split("```python\n")[1:] if "watch" in each]
    exec(block.partition("```")[0], {})


def changed(folder, tmp_path, change=lambda config: None):
    """A copy of a run directory, with another config."""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    config = yaml.safe_load((copy / "config_fit.yaml").read_text())
    change(config)
    (copy / "config_fit.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    return copy


def test_an_old_name_of_a_class_is_found(fitted, tmp_path):
    def to_old(config):
        config["data"]["class_path"] = "lightning_modeinterp.datamodules.GaussianMixtureDataModule"

    expected = load_run(fitted.folder).draw(20)
    assert_same(load_run(changed(fitted.folder, tmp_path, to_old)).draw(20), expected)


def of_other_width(config):
    config["model"]["init_args"]["denoiser"]["init_args"]["width"] = 32


def of_no_class(config):
    config["model"]["class_path"] = "lightning_modeinterp.modules.DDPN"


def in_half_precision(config):
    config["trainer"]["precision"] = "bf16-true"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            of_other_width,
            r"model\.denoiser\.init_args\.width: expected 16, with which the checkpoint was trained, got 32",
        ),
        (of_no_class, "expected the name of a class, got lightning_modeinterp.modules.DDPN; did you mean DDPM"),
        (in_half_precision, "expected a run in 32-true, bf16-mixed, 16-mixed, got trainer.precision bf16-true"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(fitted, tmp_path, change, message):
    folder = changed(fitted.folder, tmp_path, change)
    with pytest.raises(ConfigurationError, match=message) as refusal:
        load_run(folder)
    assert "\n" not in str(refusal.value)


def test_weights_of_another_shape_are_said_in_one_line(fitted, tmp_path):
    folder = changed(fitted.folder, tmp_path)
    checkpoint = torch.load(folder / "checkpoints/last.ckpt", weights_only=True)
    checkpoint["state_dict"]["denoiser.input.weight"] = torch.zeros(3, 1)
    torch.save(checkpoint, tmp_path / "other.ckpt")
    with pytest.raises(ConfigurationError, match=r"expected weights of the run's model, .*input\.weight") as refusal:
        load_run(folder, ckpt_path=tmp_path / "other.ckpt")
    assert "\n" not in str(refusal.value)


def test_what_is_missing_is_said_in_one_line(fitted, tmp_path):
    with pytest.raises(ConfigurationError, match=r"config_predict\.yaml or .* or config_fit\.yaml, found"):
        load_run(tmp_path / "nowhere")
    with pytest.raises(ConfigurationError, match=r"a run directory with config_test.yaml, found none"):
        load_run(fitted.folder, "test")
    with pytest.raises(ConfigurationError, match=r"expected a checkpoint, found none at other.ckpt"):
        load_run(fitted.folder, ckpt_path="other.ckpt")
    folder = changed(fitted.folder, tmp_path)
    (folder / "checkpoints/last.ckpt").unlink()
    with pytest.raises(ConfigurationError, match=r"expected a checkpoint, found none at .*last.ckpt; run fit first"):
        load_run(folder)


def test_weights_that_are_not_trained_are_refused(fitted, tmp_path):
    checkpoint = torch.load(fitted.folder / "checkpoints/last.ckpt", weights_only=True)
    torch.save({**checkpoint, "global_step": 0}, tmp_path / "first.ckpt")
    with pytest.raises(ConfigurationError, match="expected trained weights, got no update"):
        load_run(fitted.folder, ckpt_path=tmp_path / "first.ckpt")
