"""Both ways on the command line: a run becomes a folder of diffusers, and such a folder is tested and drawn from."""

import json

import numpy as np
import pytest
import torch
from diffusers import DDPMPipeline

from lightning_modeinterp import load_run
from lightning_modeinterp.cli import main
from lightning_modeinterp.keyed_noise import keyed_generator
from lightning_modeinterp.sample_store import SampleStore

from .conftest import ROOT, Runner

CONFIG = """\
seed_everything: 0
run: {{root: {root}, experiment: dots, name: seed_0}}
data:
  class_path: ArrayDataModule
  init_args: {{path: {array}, batch_size: 8}}
model:
  class_path: DDPM
  init_args:
    noise_schedule: {{class_path: LinearBetaSchedule}}
    denoiser:
      class_path: DiffusersUNet
      init_args: {{block_out_channels: [8, 16], layers_per_block: 1, norm_num_groups: 4}}
generation:
  sampler: {{class_path: AncestralSampler, init_args: {{num_steps: 20, x_0_range: [-1.0, 1.0]}}}}
  num_samples: 16
  block_size: 8
  monitor: {{num_samples: 8}}
trainer:
  accelerator: cpu
  max_steps: 6
  val_check_interval: 6
  check_val_every_n_epoch: null
  enable_model_summary: false
  callbacks:
    - class_path: lightning.pytorch.callbacks.EMAWeightAveraging
      init_args: {{use_buffers: false, decay: 0.5}}
    - class_path: FigureLogger
      init_args: {{max_samples: 0}}
"""
NEAR = 1e-4  # of a pixel's range


class Images(Runner):
    """Runs on 40 images of 8 x 8 pixels, of bytes by chance."""

    def __init__(self, root, size=8):
        super().__init__(root)
        images = torch.randint(256, (40, 1, size, size), generator=torch.Generator().manual_seed(0))
        np.save(root / "images.npy", images.byte().numpy())
        self.config = root / "dots.yaml"
        self.config.write_text(CONFIG.format(root=root, array=root / "images.npy"))

    def __call__(self, command, *options):
        return main([command, "-c", str(self.config), *options])

    @property
    def folder(self):
        return self.root / "dots" / "seed_0"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A run with averaged weights that has been fitted and drawn from."""
    run = Images(tmp_path_factory.mktemp("drawn"))
    run("fit")
    run("predict", "--ckpt_path=last")
    return run


@pytest.fixture(scope="module")
def model(drawn):
    """The folder that the run was exported to."""
    folder = drawn.root / "model"
    main(["export", str(drawn.folder), "--as", "diffusers", str(folder)])
    return folder


def test_the_pipeline_draws_what_predict_drew(drawn, model):
    (stored,) = SampleStore.open(drawn.folder / "predictions")
    pipeline = DDPMPipeline.from_pretrained(model)
    pipeline.set_progress_bar_config(disable=True)
    noise = keyed_generator(0, "samples/predict", 1)
    images = pipeline(8, noise, num_inference_steps=20, output_type="np").images
    theirs = torch.from_numpy(images).permute(0, 3, 1, 2)
    assert (stored.samples[8:].clamp(0, 255) / 255 - theirs).abs().max() < NEAR
    assert theirs.std() > 0.1


def test_the_averaged_weights_are_exported(drawn, model):
    checkpoint = torch.load(drawn.folder / "checkpoints/last.ckpt", weights_only=True)
    (name, theirs), *_ = DDPMPipeline.from_pretrained(model).unet.state_dict().items()
    assert torch.equal(theirs, checkpoint["state_dict"][f"denoiser.network.{name}"])
    assert not torch.equal(theirs, checkpoint["current_model_state"][f"denoiser.network.{name}"])


def folder_options(model):
    return (
        f"--model={ROOT / 'configs/model/diffusers_folder.yaml'}",
        f"--model.init_args.denoiser.init_args.path={model}",
    )


def test_a_folder_is_tested_and_drawn_from_without_training(drawn, model, tmp_path):
    run = Images(tmp_path)
    run("predict", *folder_options(model))
    (ours,), (theirs,) = (SampleStore.open(each.folder / "predictions") for each in (run, drawn))
    torch.testing.assert_close(ours.samples, theirs.samples, rtol=0, atol=255 * NEAR)
    for name, scores in theirs.scores.items():
        torch.testing.assert_close(ours.scores[name], scores, rtol=1e-3, atol=1e-5)
    again = load_run(run.folder)
    assert again.checkpoint is None
    assert torch.equal(again.draw().samples, ours.samples)
    run("test", *folder_options(model))
    assert json.loads((run.folder / "test_metrics.json").read_text())["loss"] > 0


def test_a_folder_is_trained_on(model, tmp_path):
    run = Images(tmp_path)
    run("fit", *folder_options(model))
    main(["export", str(run.folder), "--as", "diffusers"])  # of a fit alone
    name = "unet/diffusion_pytorch_model.safetensors"
    assert (run.folder / "diffusers" / name).read_bytes() != (model / name).read_bytes()


@pytest.mark.parametrize(
    ("size", "option", "message"),
    [
        (
            8,
            "--model.init_args.prediction=v",
            "model.prediction: expected eps, the only one that DiffusersFolder can give, got v",
        ),
        (8, "--model.init_args.noise_schedule=CosineSchedule", "model.noise_schedule: expected the 1000 levels"),
        (16, "--seed_everything=1", "data: expected samples of shape (1, 8, 8), for which the model in"),
        (8, "--model.init_args.denoiser.init_args.path=nowhere", "nowhere: expected a folder of the diffusers library"),
    ],
)
def test_what_does_not_fit_the_folder_is_one_line(model, tmp_path, capsys, size, option, message):
    with pytest.raises(SystemExit) as ended:
        Images(tmp_path, size)("predict", *folder_options(model), option)
    *notes, error = capsys.readouterr().err.splitlines()
    assert (ended.value.code, message in error) == (2, True), error
    assert all("note:" in each for each in notes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--as", "diffusers", "--num", "3"], "expected no --num with a model, got 3"),
        (["--as", "diffusers", "a", "--out", "b"], "expected one place to write to, got a and --out b"),
        (["--as", "npz"], "expected a finished sample store"),
    ],
    ids=str,
)
def test_wrong_options_of_export_are_one_line(drawn, capsys, options, message):
    with pytest.raises(SystemExit) as ended:
        main(["export", str(drawn.folder), *options])
    error = capsys.readouterr().err
    assert (ended.value.code, message in error, error.count("\n")) == (2, True, 1), error


def test_a_run_of_another_layout_and_no_run_are_one_line(fitted, tmp_path, capsys):
    for path, message in ((fitted.folder, "got MLP, for whose layers"), (tmp_path, "expected a run directory")):
        with pytest.raises(SystemExit):
            main(["export", str(path), "--as", "diffusers"])
        assert message in capsys.readouterr().err
