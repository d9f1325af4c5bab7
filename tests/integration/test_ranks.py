"""Two processes give what one gives: each runs fit, validate, test and predict, one after the other."""

import json

import pytest
import torch

from lightning_modeinterp.cli import main

from .conftest import NO_FIGURES, ROOT
from .log_readers import wandb_history
from .processes import PARALLEL, on_two_processes, said

CONFIG = ROOT / "configs/experiment/gaussian_1d.yaml"

SMALL = (
    "--data.init_args.size=512",
    "--data.init_args.validation_size=77",  # no multiple of anything: the last batches are uneven
    "--data.init_args.test_size=65",
    "--data.init_args.batch_size=64",
    "--generation.sampler.init_args.num_steps=20",
    "--generation.sampler.init_args.start_alpha_bar=1e-4",
    "--generation.sampler.init_args.x_0_range=[-3,3]",
    '--generation.windows={"last_5": {"last_steps": 5}, "last_10": {"last_steps": 10}}',
    "--generation.block_size=32",
    '--generation.monitor={"num_samples": 20}',  # one block: the second process has none
    "--model.init_args.denoiser.init_args.width=16",
    "--trainer.max_steps=24",
    "--trainer.val_check_interval=12",
    "--trainer.log_every_n_steps=1",
    "--trainer.enable_model_summary=false",
    "--trainer.callbacks=[{class_path: lightning.pytorch.callbacks.EMAWeightAveraging, init_args: {decay: 0.5}}]",
)

LOGGERS = (
    "--trainer.logger=[{class_path: CSVHistory, init_args: {save_dir: .}}, "
    "{class_path: TensorBoardLogger, init_args: {save_dir: .}}, {class_path: WandbLogger, init_args: {mode: offline}}]"
)
VDM = ROOT / "configs/model/vdm_mlp_learned.yaml"
MIXED = "bf16-mixed"  # on a CPU Lightning takes it for 16-mixed too


def run_all(root, parallel):
    """fit, then everything else with the checkpoint of the one-process fit, so that only the number differs."""
    options = ["-c", str(CONFIG), f"--run.root={root}", *SMALL, *parallel]
    main(["fit", *options])
    checkpoint = f"--ckpt_path={root.parent / 'one/gaussian_1d/seed_0/checkpoints/last.ckpt'}"
    main(["validate", *options, checkpoint, LOGGERS])
    main(["test", *options, checkpoint, "--generation.num_samples=500"])
    main(["test", *options, checkpoint, "--generation.num_samples=9", "--run.name=few", *NO_FIGURES])
    main(["predict", *options, checkpoint, "--generation.num_samples=500"])
    main(["predict", *options, checkpoint, "--generation.num_samples=9", "--run.name=few"])
    half = ["--run.name=unfinished", "--generation.num_samples=500"]
    main(["predict", *options, checkpoint, *half, "--trainer.limit_predict_batches=3"])
    main(["predict", *options, checkpoint, *half])
    mixed = [f"--run.name={MIXED}", f"--trainer.precision={MIXED}"]
    main(["fit", *options, *mixed, "--trainer.max_steps=8"])
    main(["predict", *options, checkpoint, *mixed, "--generation.num_samples=100"])
    main(["fit", *options, f"--model={VDM}", "--model.init_args.denoiser.init_args.width=16", "--run.name=vdm"])


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Run directories of one process and of two."""
    root = tmp_path_factory.mktemp("ranks")
    run_all(root / "one", ())
    log = root / "log"
    assert on_two_processes(log, run_all, root / "two", PARALLEL, seconds=280) == [0, 0], said(log)
    return root / "one/gaussian_1d", root / "two/gaussian_1d"


def checkpoint_of(folder):
    return torch.load(folder / "seed_0/checkpoints/last.ckpt", weights_only=True)


@pytest.mark.ddp
def test_fit_on_two_processes_equals_one_on_the_same_global_batch(folders):
    one, two = (checkpoint_of(folder) for folder in folders)
    assert one["global_step"] == two["global_step"] == 24
    for part in ("state_dict", "current_model_state"):
        assert one[part].keys() == two[part].keys()
        for name, weights in one[part].items():
            torch.testing.assert_close(two[part][name], weights, rtol=1e-4, atol=1e-5)
    untrained = one["state_dict"]["denoiser.input.weight"] - one["current_model_state"]["denoiser.input.weight"]
    assert untrained.abs().max() > 1e-4  # weights have moved further than the tolerance


@pytest.mark.ddp
def test_a_vdm_trains_the_same_on_two_processes(folders):
    """Evenly spread times, the bound and what trains a learned schedule are those of the global batch."""
    one, two = (torch.load(folder / "vdm/checkpoints/last.ckpt", weights_only=True)["state_dict"] for folder in folders)
    assert "noise_schedule.centres" in one
    for name, weights in one.items():
        apart = (two[name] - weights).abs()
        assert apart.mean() < 1e-4, name
        assert apart.max() < 2e-3, name  # Adam makes a step of rounding where a gradient is nearly 0


@pytest.mark.ddp
def test_mixed_precision_trains_the_same_on_two_processes(folders):
    one, two = (
        torch.load(folder / MIXED / "checkpoints/last.ckpt", weights_only=True)["state_dict"] for folder in folders
    )
    for name, weights in one.items():
        assert weights.dtype == torch.float32
        torch.testing.assert_close(two[name], weights, rtol=0.02, atol=0.002)  # gradients are of bfloat16


def read_log(folder, command, name="seed_0"):
    header, *rows = (folder / name / "logs" / command / "metrics.csv").read_text().splitlines()
    return [
        {name: float(value) for name, value in zip(header.split(","), row.split(","), strict=True) if value}
        for row in rows
    ]


@pytest.mark.ddp
def test_losses_are_those_of_the_global_batch(folders):
    one, two = (read_log(folder, "validate") for folder in folders)
    values = [{name: value for row in rows for name, value in row.items()} for rows in (one, two)]
    assert values[1] == pytest.approx(values[0], rel=1e-5, nan_ok=True)
    assert values[0]["val/loss"] > 0
    logged = [[row["val/loss"] for row in read_log(folder, "fit") if "val/loss" in row] for folder in folders]
    assert len(logged[0]) == 2
    assert logged[1] == pytest.approx(logged[0], rel=1e-3)


@pytest.mark.ddp
@pytest.mark.parametrize("name", ["seed_0", "vdm"])
def test_training_losses_are_those_of_the_global_batch(folders, name):
    """The first process's share alone is off by some per cent."""
    one, two = (read_log(folder, "fit", name) for folder in folders)
    terms = {term for row in one for term in row if term.startswith("train/")}
    assert len(terms) == (4 if name == "vdm" else 1)
    for term in terms:
        first, second = ([row[term] for row in rows if term in row] for rows in (one, two))
        assert len(first) == 24
        assert second[:10] == pytest.approx(first[:10], rel=1e-3)  # a VDM's rounding errors grow with the steps


@pytest.mark.ddp
def test_variances_and_tables_are_those_of_all_processes(folders):
    """The second process has no block: it takes part in the sums, and writes nothing."""
    one, two = (read_log(folder, "validate")[-1] for folder in folders)
    names = [name for name in one if name.startswith("val/trajectory_variance/")]
    assert len(names) == 5
    assert {name: two[name] for name in names} == pytest.approx({name: one[name] for name in names}, nan_ok=True)
    first, second = (tensorboard_media(folder / "seed_0/logs/validate") for folder in folders)
    assert first == second
    assert len(first) == 3  # two histograms and a table
    runs = [wandb_history(folder / "seed_0") for folder in folders]
    for name in ("val/highest_variance", "val/trajectory_variance/in_support", "val/figures/variance", "val/loss"):
        assert [sum(name in row for row in rows) for rows in runs] == [1, 1]
    assert [len(list((folder / "seed_0/wandb").glob("offline-run-*"))) for folder in folders] == [1, 1]


def tensorboard_media(folder):
    """Histograms and tables by name, as text."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder)).Reload()
    histograms = {tag: str(events.Histograms(tag)[0].histogram_value) for tag in events.Tags()["histograms"]}
    return histograms | {tag: str(events.Tensors(tag)[0].tensor_proto) for tag in events.Tags()["tensors"]}


@pytest.mark.ddp
@pytest.mark.parametrize("name", ["seed_0", "few"])
def test_metrics_are_exact_also_with_fewer_blocks_than_processes(folders, name):
    one, two = (json.loads((folder / name / "test_metrics.json").read_text()) for folder in folders)
    assert one["num_samples"] == (9 if name == "few" else 500)
    assert two.pop("loss") == pytest.approx(one.pop("loss"), rel=1e-5)  # of float32 terms, summed in another order
    assert {key: value for key, value in one.items() if value is not None} == pytest.approx(
        {key: value for key, value in two.items() if value is not None}, rel=1e-12
    )
    assert [key for key in one if one[key] is None] == [key for key in two if two[key] is None]


@pytest.mark.ddp
def test_figures_are_of_the_samples_of_all_processes(folders):
    """Blocks go to the processes in turn: the first of two has those that set a threshold, and none that report."""
    one, two = (sorted((folder / "seed_0/figures").glob("*.png")) for folder in folders)
    assert [file.name for file in one] == [file.name for file in two]
    assert len(one) == 7
    for a, b in zip(one, two, strict=True):
        assert a.read_bytes() == b.read_bytes(), a.name


@pytest.mark.ddp
@pytest.mark.parametrize("name", ["seed_0", "few", "unfinished", MIXED])
def test_the_sample_store_is_equal_byte_for_byte(folders, name):
    one, two = (sorted((folder / name / "predictions").rglob("*")) for folder in folders)
    assert [file.name for file in one] == [file.name for file in two]
    assert any(file.suffix == ".safetensors" for file in one)
    for a, b in zip(one, two, strict=True):
        assert a.name == "provenance.json" or a.read_bytes() == b.read_bytes()
