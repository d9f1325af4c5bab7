"""The same noise gives the same samples: our samplers against the loops of diffusers on the folder that was written."""

import json

import pytest
import torch
from diffusers import DDIMScheduler, DDPMPipeline, UNet2DModel

from lightning_modeinterp.denoisers import DiffusersFolder, DiffusersUNet, UNet, save_as_diffusers
from lightning_modeinterp.diffusion.noise_schedules import (
    CosineSchedule,
    DiffusersSchedule,
    LearnedGammaSchedule,
    LinearBetaSchedule,
    LinearGammaSchedule,
)
from lightning_modeinterp.diffusion.parameterization import x_0_from
from lightning_modeinterp.diffusion.samplers import AncestralSampler, DDIMSampler
from lightning_modeinterp.errors import ConfigurationError

SHAPE, NUM = (1, 8, 8), 3
T = 61  # so that steps of 5 and 10 meet its levels, which a continuous schedule does not keep to
NEAR = 1e-5  # of the largest value: sums of float32 in another order, over all steps
SCHEDULES = {
    "linear": LinearBetaSchedule(T, 1e-3, 0.15),
    "cosine": CosineSchedule(T, max_beta=0.9),
    "gamma": LinearGammaSchedule(-6.0, 4.0, T),
}


def network(num_steps=T, shape=SHAPE):
    torch.manual_seed(0)
    return DiffusersUNet(shape, (8, 16), layers_per_block=1, norm_num_groups=4, num_steps=num_steps).eval()


def ours(denoiser, schedule, sampler, prediction):
    generator = torch.Generator().manual_seed(7)

    def predict_x_0(x_t, level):
        return x_0_from(denoiser(x_t, level), x_t, level, prediction)

    def draw_noise():
        return torch.randn(NUM, *SHAPE, generator=generator)

    with torch.inference_mode():
        return sampler.sample(predict_x_0, schedule, draw_noise, {}, None)[0]


def theirs(unet, scheduler, num_steps, **options):
    """A loop as the pipelines of diffusers have it, without their bringing to [0, 1]."""
    generator = torch.Generator().manual_seed(7)
    scheduler.set_timesteps(num_steps)
    with torch.inference_mode():
        x_t = torch.randn(NUM, *SHAPE, generator=generator)
        for t in scheduler.timesteps:
            x_t = scheduler.step(unet(x_t, t).sample, t, x_t, generator=generator, **options).prev_sample
    return x_t


def assert_near(samples, expected):
    torch.testing.assert_close(samples, expected, rtol=0, atol=NEAR * max(1, expected.abs().max().item()))


@pytest.mark.parametrize("prediction", ["eps", "x_0", "v"])
@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES.keys())
@pytest.mark.parametrize(
    "sampler",
    [
        AncestralSampler(),
        AncestralSampler(num_steps=13, variance="fixed_small"),
        AncestralSampler(num_steps=7, x_0_range=(-0.5, 0.5)),
    ],
    ids=["all steps", "fixed small", "clipped"],
)
def test_ancestral_samples_are_those_of_the_pipeline(tmp_path, prediction, schedule, sampler):
    denoiser = network()
    save_as_diffusers(tmp_path / "model", denoiser, schedule, prediction, sampler)
    pipeline = DDPMPipeline.from_pretrained(tmp_path / "model")
    expected = theirs(pipeline.unet, pipeline.scheduler, sampler.num_steps or T)
    assert_near(ours(denoiser, schedule, sampler, prediction), expected)


@pytest.mark.parametrize("prediction", ["eps", "v"])
@pytest.mark.parametrize("reach", [None, (-0.5, 0.5)])
def test_ddim_samples_are_those_of_its_scheduler(tmp_path, prediction, reach):
    denoiser, schedule, sampler = network(), SCHEDULES["linear"], DDIMSampler(x_0_range=reach)
    save_as_diffusers(tmp_path, denoiser, schedule, prediction, sampler)
    scheduler, unet = (
        DDIMScheduler.from_pretrained(tmp_path / "scheduler"),
        UNet2DModel.from_pretrained(tmp_path / "unet"),
    )
    expected = theirs(unet, scheduler, T, eta=0.0, use_clipped_model_output=True)
    assert_near(ours(denoiser, schedule, sampler, prediction), expected)


def test_the_pipeline_itself_with_its_generator(tmp_path):
    denoiser, schedule, sampler = network(), SCHEDULES["linear"], AncestralSampler(num_steps=20)
    pipeline = DDPMPipeline.from_pretrained(save_as_diffusers(tmp_path / "model", denoiser, schedule, "eps", sampler))
    pipeline.set_progress_bar_config(disable=True)
    images = pipeline(NUM, torch.Generator().manual_seed(7), num_inference_steps=20, output_type="np").images
    expected = (ours(denoiser, schedule, sampler, "eps") / 2 + 0.5).clamp(0, 1)
    assert torch.from_numpy(images).permute(0, 3, 1, 2).sub(expected).abs().max() < NEAR


def test_comes_back_as_it_went(tmp_path):
    denoiser = network()
    save_as_diffusers(str(tmp_path), denoiser, SCHEDULES["cosine"], "v", AncestralSampler())
    back = DiffusersFolder(SHAPE, tmp_path)
    assert all(
        torch.equal(each, back.network.state_dict()[name]) for name, each in denoiser.network.state_dict().items()
    )
    assert back.prediction == "v"
    again = DiffusersSchedule(tmp_path).grid().gamma
    torch.testing.assert_close(again, SCHEDULES["cosine"].grid().gamma, rtol=0, atol=1e-9)
    save_as_diffusers(tmp_path / "again", back, DiffusersSchedule(tmp_path), "v")
    weights = "unet/diffusion_pytorch_model.safetensors"
    assert (tmp_path / "again" / weights).read_bytes() == (tmp_path / weights).read_bytes()


@pytest.mark.parametrize(
    ("sampler", "said"),
    [
        (None, ("fixed_small", False)),
        (AncestralSampler(), ("fixed_large", False)),
        (AncestralSampler(variance="fixed_small", x_0_range=(-1.5, 1.5)), ("fixed_small", True)),
        (DDIMSampler(), ("fixed_small", False)),
    ],
)
def test_what_the_scheduler_says(tmp_path, sampler, said):
    save_as_diffusers(tmp_path, network(), SCHEDULES["linear"], "eps", sampler)
    config = json.loads((tmp_path / "scheduler/scheduler_config.json").read_text())
    assert (config["variance_type"], config["clip_sample"]) == said
    assert (config["beta_schedule"], config["beta_start"], config["beta_end"]) == ("linear", 1e-3, 0.15)
    assert config["clip_sample_range"] == (1.5 if said[1] else 1.0)


@pytest.mark.parametrize(
    ("denoiser", "schedule", "sampler", "message"),
    [
        (UNet(SHAPE, 8, num_res_blocks=1, head_channels=8), SCHEDULES["linear"], None, "got UNet, for whose layers"),
        (network(50), SCHEDULES["linear"], None, "as the 61 steps of its noise schedule, .* got num_steps 50"),
        (network(), LearnedGammaSchedule(num_steps=T), None, "one with the noise levels of LearnedGammaSchedule"),
        (network(), LinearGammaSchedule(-30.0, 6.0, T), None, r"in float32, .* got 0.00247 to 1 - 9.36e-14"),
        (network(1000), LinearBetaSchedule(1000, 1e-3, 0.2), None, "in float32, .* got .*e-47 to 1 - 0.001"),
        (network(), SCHEDULES["linear"], AncestralSampler(x_0_range=(0.0, 1.0)), r"around 0, .* got \[0.0, 1.0\]"),
    ],
    ids=["layout", "steps", "learned", "little noise", "little signal", "range"],
)
def test_refuses_what_diffusers_has_no_words_for(tmp_path, denoiser, schedule, sampler, message):
    with pytest.raises(ConfigurationError, match=f"export: expected .*{message}"):
        save_as_diffusers(tmp_path / "model", denoiser, schedule, "eps", sampler)
    assert not (tmp_path / "model").exists()


def test_refuses_a_folder_that_holds_something(tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path, tmp_path / "file"):
        with pytest.raises(ConfigurationError, match="export: expected a new or empty folder"):
            save_as_diffusers(folder, network(), SCHEDULES["linear"], "eps")
