"""Hands from a config to their products; photos that the test makes, in the place of those of 11k Hands."""

import json

import pytest
import torch
from PIL import Image

from lightning_modeinterp.cli import run_command
from lightning_modeinterp.data.hands import Hands
from lightning_modeinterp.sample_store import SampleStore

from .conftest import NO_FIGURES, ROOT, UNET

FEW = ("--generation.num_samples=16", "--generation.block_size=8", '--generation.monitor={"num_samples": 8}')


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    hands = Hands(96, 3, tone=(0.3, 0.5), background=(0.95, 0.95))
    for number, image in enumerate(hands.sample(12, torch.Generator().manual_seed(0)).images):
        Image.fromarray(image.permute(1, 2, 0).numpy()).save(folder / f"{number}.png")
    return folder


def test_fit_test_predict_leave_their_products(run):
    config = ROOT / "configs/experiment/hands_32.yaml"
    run("fit", *FEW, "--trainer.max_steps=4", "--trainer.val_check_interval=2", config=config, network=UNET)
    run("test", *FEW, "--ckpt_path=last", config=config, network=UNET)
    run("predict", *FEW, "--ckpt_path=last", config=config, network=UNET)
    folder = run.root / "hands_32/seed_0"
    assert {path.stem for path in (folder / "figures").iterdir()} >= {"samples", "variance_maps", "variance", "roc"}
    metrics = json.loads((folder / "test_metrics.json").read_text())
    kinds = ("extra", "missing", "malformed", "empty")
    assert sum(metrics[f"{kind}_rate"] for kind in kinds) == pytest.approx(metrics["hallucination_rate"])
    (batch,) = SampleStore.open(folder / "predictions")
    assert batch.verdict.kinds == ("in_support", "ambiguous", *kinds)
    assert set(batch.verdict.details) == {"fingers"}
    assert set(batch.scores) >= {"path_length", "area", "ink", "noise_norm"}


def test_the_true_score_of_the_bank_draws_five_fingers(run):
    config = ROOT / "configs/experiment/hands_bank_32.yaml"
    options = ("--generation.true_score=true", "--generation.sampler.init_args.num_steps=60", "--allow_untrained=true")
    run("test", *FEW, *NO_FIGURES, *options, config=config, network=UNET)
    metrics = json.loads((run.root / "hands_bank_32/seed_0/test_metrics.json").read_text())
    assert metrics["num_hallucinated"] == 0


def options_for(photos, tmp_path):
    data = {"folder": photos, "cache": tmp_path / "cache", "batch_size": 1}
    return [f"--run.root={tmp_path}", "--trainer.precision=32-true", "--trainer.enable_model_summary=false"] + [
        f"--data.init_args.{name}={value}" for name, value in data.items()
    ]


def test_photos_run_every_command(photos, tmp_path):
    config = str(ROOT / "configs/experiment/hands.yaml")
    small = [*UNET, "--data.init_args.image_size=32", *FEW, *NO_FIGURES, "--trainer.fast_dev_run=1"]
    small += ["--generation.sampler={class_path: AncestralSampler, init_args: {num_steps: 50}}"]
    for command in ("fit", "validate", "test", "predict"):
        untrained = [] if command == "fit" else ["--allow_untrained=true"]
        run_command([command, "-c", config, *options_for(photos, tmp_path), *small, *untrained])


@pytest.mark.slow
def test_one_real_step_of_the_photos_network(photos, tmp_path):
    config = str(ROOT / "configs/experiment/hands.yaml")
    step = ["--trainer.accelerator=cpu", "--trainer.callbacks=null", "--trainer.max_steps=1"]
    step += ["--trainer.limit_val_batches=0"]
    cli = run_command(["fit", "-c", config, *options_for(photos, tmp_path), *step])
    assert cli.trainer.global_step == 1
    assert sum(each.numel() for each in cli.model.parameters()) > 4e8
