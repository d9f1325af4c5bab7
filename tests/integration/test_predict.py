"""predict goes on, extends and refuses; every end is the same store."""

import json

import pytest
import torch
from lightning.pytorch.callbacks import Callback

from lightning_modeinterp.cli import main
from lightning_modeinterp.denoisers import fused_mlp
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.sample_store import SampleStore

from .conftest import CONFIG, NETWORK, SMALL


def store_bytes(folder):
    """Everything but the provenance, where runs may differ."""
    files = (folder / "predictions").rglob("*")
    return {file.name: file.read_bytes() for file in files if file.is_file() and file.name != "provenance.json"}


@pytest.fixture(scope="module")
def predict(fitted):
    """Draw with the fitted checkpoint into a run directory of its own; gives its folder."""
    checkpoint = f"--ckpt_path={fitted.folder / 'checkpoints/last.ckpt'}"

    def command(name, *options):
        fitted("predict", checkpoint, f"--run.name={name}", *options)
        return fitted.root / "gaussian_1d" / name

    return command


@pytest.fixture(scope="module")
def whole(predict):
    """Folder of samples that nothing has disturbed; tests leave it as it is."""
    return predict("whole")


@pytest.fixture(scope="module")
def expected(whole):
    return store_bytes(whole)


class KilledAfter(Callback):
    """Die like a killed process: nothing is written any more."""

    def __init__(self, num_batches: int):
        self.num_batches = num_batches

    def on_predict_batch_end(self, trainer, pl_module, outputs, batch, batch_idx, dataloader_idx=0):
        if batch_idx + 1 == self.num_batches:
            for callback in trainer.callbacks:
                callback.writer = None
            raise KeyboardInterrupt


def killed_after(num_batches, seconds):
    store = f"{{class_path: SampleStoreCallback, init_args: {{seconds: {seconds}}}}}"
    kill = f"{{class_path: {KilledAfter.__module__}.KilledAfter, init_args: {{num_batches: {num_batches}}}}}"
    return f"--trainer.callbacks=[{store}, {kill}]"


@pytest.mark.parametrize(("num_batches", "seconds", "num_kept"), [(1, 0, None), (2, 1e9, 0), (4, 0, None)])
def test_killed_predict_goes_on_at_the_first_missing_block(predict, expected, num_batches, seconds, num_kept, caplog):
    name = f"killed_{num_batches}_{num_kept}"
    with pytest.raises((SystemExit, KeyboardInterrupt)):
        predict(name, killed_after(num_batches, seconds))
    folder = predict(name)
    assert store_bytes(folder) == expected
    kept = num_batches if num_kept is None else num_kept
    assert (f"{kept} of 4 blocks are there" in caplog.text) == (kept > 0)


def test_the_same_command_again_draws_nothing(predict, expected, caplog):
    times = {
        file: file.stat().st_mtime_ns for file in predict("twice").glob("predictions/*") if "prov" not in file.name
    }
    folder = predict("twice")
    assert "4 of 4 blocks are there, nothing is left to draw" in caplog.text
    assert {file: file.stat().st_mtime_ns for file in times} == times
    assert store_bytes(folder) == expected


@pytest.mark.parametrize("fewer", [32, 50])
def test_more_samples_extend_the_store(predict, expected, fewer):
    predict(f"from_{fewer}", f"--generation.num_samples={fewer}")
    assert store_bytes(predict(f"from_{fewer}")) == expected


def test_what_samples_do_not_depend_on_is_no_part_of_the_fingerprint(predict, expected):
    of_data = ("--data.init_args.batch_size=32", '--generation.monitor={"num_samples": 8}')
    of_the_fit = ("--model.init_args.optimizer.init_args.lr=0.5", "--model.init_args.seed=9")
    assert store_bytes(predict("whole", *of_data, *of_the_fit)) == expected


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("--generation.seed=1", "generation.seed: expected 0, got 1"),
        ("--generation.block_size=16", "generation.block_size: expected 32, got 16"),
        ("--generation.sampler.init_args.num_steps=19", "sampler.init_args.num_steps: expected 20, got 19"),
        ("--generation.sampler.init_args.x_0_range=[-1, 5]", "x_0_range: expected [-3.0, 3.0], got [-1.0, 5.0]"),
        ("--trainer.precision=bf16-mixed", "precision: expected 32-true, got bf16-mixed"),
        ("--generation.num_samples=99", "num_samples of at least the 100 that are there, got 99"),
    ],
)
def test_other_settings_are_refused_with_the_difference(fitted, whole, expected, option, says, capsys):
    checkpoint = f"--ckpt_path={fitted.folder / 'checkpoints/last.ckpt'}"
    arguments = ["predict", "-c", str(CONFIG), f"--run.root={fitted.root}", *SMALL, *NETWORK, checkpoint]
    with pytest.raises(SystemExit) as exit_:
        main([*arguments, "--run.name=whole", option])
    assert exit_.value.code == 2
    assert says in capsys.readouterr().err.strip().splitlines()[-1]
    assert store_bytes(whole) == expected


def test_samples_of_the_plain_layers_are_not_mixed_with_those_of_the_fused_ones(predict, monkeypatch):
    """As a run that goes on on a machine without a compiler."""
    fused = "--model.init_args.denoiser.init_args.is_fused=true"
    for name in ("plain", "mixed"):
        folder = predict(name, fused, "--trainer.precision=bf16-mixed" if name == "mixed" else fused)
        assert json.loads((folder / "predictions/manifest.json").read_text())["fingerprint"]["fallback"] is None
    monkeypatch.setenv("CXX", "no-such-compiler")
    fused_mlp.kernel.cache_clear()
    try:
        with (
            pytest.warns(UserWarning, match="the plain layers are used"),
            pytest.raises(ConfigurationError, match="fallback: expected None, got plain layers"),
        ):
            predict("plain", fused)
        predict("mixed", fused, "--trainer.precision=bf16-mixed")  # which takes the plain layers anywhere
    finally:
        fused_mlp.kernel.cache_clear()


def test_overwrite_starts_anew(predict, expected):
    predict("anew")
    predict("anew", "--generation.seed=1", "--run.overwrite=true")
    folder = predict("anew", "--run.overwrite=true")
    assert store_bytes(folder) == expected


@pytest.mark.usefixtures("whole")
def test_other_weights_are_refused(fitted, tmp_path, capsys):
    checkpoint = torch.load(fitted.folder / "checkpoints/last.ckpt", weights_only=True)
    checkpoint["state_dict"]["denoiser.input.weight"] += 1
    torch.save(checkpoint, tmp_path / "other.ckpt")
    options = [f"--run.root={fitted.root}", "--run.name=whole", f"--ckpt_path={tmp_path / 'other.ckpt'}"]
    with pytest.raises(SystemExit):
        main(["predict", "-c", str(CONFIG), *options, *SMALL, *NETWORK])
    assert "weights_sha256: expected" in capsys.readouterr().err


def test_a_limited_predict_is_unfinished_and_goes_on(predict, expected):
    folder = predict("limited", "--trainer.limit_predict_batches=2")
    assert not (folder / "predictions/manifest.json").exists()
    assert store_bytes(predict("limited")) == expected


def test_fast_dev_run_writes_no_store(predict):
    assert not (predict("fast", "--trainer.fast_dev_run=1") / "predictions").exists()


def test_samples_are_read_back_as_they_were_drawn(whole):
    (batch,) = SampleStore.open(whole / "predictions")
    assert batch.index.tolist() == list(range(100))


def test_x_0_hat_at_chosen_steps_is_in_the_store(predict):
    window = "window: {last_steps: 5}, every: 2"
    chosen = f"{{path: {{class_path: TrajectoryRecorder, init_args: {{{window}}}}}}}"
    (batch,) = SampleStore.open(predict("recorded", f"--generation.observers={chosen}") / "predictions")
    assert batch.statistics["path"].shape == (len(batch), 3, 1)
    torch.testing.assert_close(batch.statistics["path"][:, -1], batch.samples)  # the last step ends on the prediction


def test_chosen_rows_are_refused(predict):
    chosen = "{path: {class_path: TrajectoryRecorder, init_args: {rows: [0, 3]}}}"
    with pytest.raises(
        ConfigurationError, match=r"observers.path: expected a row for each sample, got 2 rows of a block"
    ):
        predict("rows", f"--generation.observers={chosen}")
