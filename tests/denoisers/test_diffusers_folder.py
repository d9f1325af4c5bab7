"""A folder that diffusers has saved is a denoiser whose outputs are those of the model in it."""

import json
import shutil

import pytest
import torch
from diffusers import DDIMScheduler, DDPMPipeline, DDPMScheduler, UNet2DConditionModel, UNet2DModel

from lightning_modeinterp.denoisers import DiffusersFolder
from lightning_modeinterp.diffusion.noise_schedules import DiffusersSchedule, LinearBetaSchedule, LinearGammaSchedule
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.modules import DDPM, VDM
from lightning_modeinterp.records import NoiseLevel

SHAPE = (1, 8, 8)


def network(**settings):
    torch.manual_seed(0)
    blocks = {"down_block_types": ("DownBlock2D", "AttnDownBlock2D"), "up_block_types": ("AttnUpBlock2D", "UpBlock2D")}
    small = {"block_out_channels": (8, 16), "layers_per_block": 1, "norm_num_groups": 4, **blocks}
    return UNet2DModel(**{"sample_size": 8, "in_channels": 1, "out_channels": 1, **small, **settings}).eval()


@pytest.fixture(scope="module")
def pipeline():
    return DDPMPipeline(network(), DDPMScheduler(1000, prediction_type="v_prediction"))


@pytest.fixture
def folder(pipeline, tmp_path):
    pipeline.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize("as_path", [str, lambda path: path], ids=["string", "path"])
def test_outputs_are_those_of_the_pipelines_model(pipeline, folder, as_path):
    denoiser = DiffusersFolder(SHAPE, as_path(folder))
    step = torch.arange(0, 1000, 37)
    x_t = torch.randn(len(step), *SHAPE)
    with torch.inference_mode():
        ours = denoiser.eval()(x_t, NoiseLevel(step / 999, torch.zeros(len(step))))
        assert torch.equal(ours, pipeline.unet(x_t, step).sample)
    assert (denoiser.prediction, denoiser.num_steps, denoiser.training) == ("v", 1000, False)


@pytest.mark.parametrize("parts", ["two folders", "one folder"])
def test_a_folder_without_a_pipeline(pipeline, tmp_path, parts):
    pipeline.unet.save_pretrained(tmp_path / "unet" if parts == "two folders" else tmp_path)
    pipeline.scheduler.save_pretrained(tmp_path / "scheduler" if parts == "two folders" else tmp_path)
    assert DiffusersFolder(SHAPE, tmp_path).num_steps == 1000


def test_weights_in_several_files(pipeline, tmp_path):
    pipeline.unet.save_pretrained(tmp_path / "unet", max_shard_size="20KB")
    pipeline.scheduler.save_pretrained(tmp_path / "scheduler")
    assert not (tmp_path / "unet/diffusion_pytorch_model.safetensors").exists()
    theirs = pipeline.unet.state_dict()
    assert all(
        torch.equal(each, theirs[name]) for name, each in DiffusersFolder(SHAPE, tmp_path).network.state_dict().items()
    )


@pytest.mark.parametrize("size", [None, (8, 16)])
def test_size_of_the_images(tmp_path, size):
    network(sample_size=size).save_pretrained(tmp_path)
    DDIMScheduler().save_pretrained(tmp_path)
    assert DiffusersFolder((1, 8, 16), tmp_path)(torch.zeros(1, 1, 8, 16), level()).shape == (1, 1, 8, 16)
    with pytest.raises(ConfigurationError, match=r"expected a height and width that 2 divides|got \(1, 9, 8\)"):
        DiffusersFolder((1, 9, 8), tmp_path)


def level():
    return NoiseLevel(torch.zeros(1), torch.zeros(1))


def test_takes_its_own_schedule_and_prediction_alone(folder):
    denoiser, schedule = DiffusersFolder(SHAPE, folder), DiffusersSchedule(folder)
    module = DDPM(denoiser, schedule, "v")
    assert not module.needs_checkpoint
    assert DDPM(denoiser, LinearBetaSchedule(1000, 1e-4, 0.02), "v").denoiser is denoiser
    with pytest.raises(
        ConfigurationError, match=r"model.prediction: expected v, the only one that DiffusersFolder can give"
    ):
        DDPM(denoiser, schedule, "eps")
    for make, other in (
        (DDPM, LinearBetaSchedule(1000, 1e-3, 0.2)),
        (DDPM, LinearBetaSchedule(100)),
        (VDM, LinearGammaSchedule()),
    ):
        with pytest.raises(
            ConfigurationError, match=r"expected the 1000 levels .* use DiffusersSchedule with the same"
        ):
            make(denoiser, other, "v")


def test_nothing_is_unpickled(pipeline, tmp_path):
    pipeline.save_pretrained(tmp_path, safe_serialization=False)
    assert list((tmp_path / "unet").glob("*.bin"))
    with pytest.raises(
        ConfigurationError, match=r"unet: expected weights in .*safetensors, found none; save them with"
    ):
        DiffusersFolder(SHAPE, tmp_path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_class_embeds": 3}, r"image and a positional time alone, got {'num_class_embeds': 3}; `watch`"),
        ({"time_embedding_type": "fourier"}, "got {'time_embedding_type': 'fourier'}"),
        (
            {"out_channels": 2},
            "as many channels out as in, got 1 in and 2 out, as in a model that also predicts a variance",
        ),
        ({"in_channels": 3, "out_channels": 3}, r"expected samples of shape \(3, 8, 8\), .* got \(1, 8, 8\)"),
        ({"sample_size": 16}, r"expected samples of shape \(1, 16, 16\), .* got \(1, 8, 8\)"),
    ],
    ids=str,
)
def test_refuses_other_models(tmp_path, settings, message):
    network(**settings).save_pretrained(tmp_path)
    DDPMScheduler().save_pretrained(tmp_path)
    with pytest.raises(ConfigurationError, match=message):
        DiffusersFolder(SHAPE, tmp_path)


def test_refuses_a_model_of_text(tmp_path):
    config = UNet2DConditionModel.load_config
    (tmp_path / "config.json").write_text(json.dumps({"_class_name": config.__self__.__name__}))
    DDPMScheduler().save_pretrained(tmp_path)
    with pytest.raises(ConfigurationError, match="expected a UNet2DModel, got UNet2DConditionModel; `watch` sees such"):
        DiffusersFolder(SHAPE, tmp_path)


@pytest.mark.parametrize("damage", ["torn", "other", "some missing"])
def test_refuses_weights_that_do_not_load(folder, damage):
    file = folder / "unet/diffusion_pytorch_model.safetensors"
    if damage == "torn":
        file.write_bytes(file.read_bytes()[:100])
    elif damage == "other":
        network(block_out_channels=(16, 16)).save_pretrained(folder / "other")
        shutil.copy(folder / "other" / file.name, file)
    else:
        config = json.loads((folder / "unet/config.json").read_text())
        (folder / "unet/config.json").write_text(json.dumps({**config, "layers_per_block": 2}))
    with pytest.raises(ConfigurationError, match="unet: expected "):
        DiffusersFolder(SHAPE, folder)


def test_refuses_a_folder_without_a_model(tmp_path):
    DDPMScheduler().save_pretrained(tmp_path / "scheduler")
    with pytest.raises(
        ConfigurationError, match=r"expected unet/config.json as written by save_pretrained of diffusers"
    ):
        DiffusersFolder(SHAPE, tmp_path)
