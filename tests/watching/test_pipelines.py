"""Real diffusers pipelines with small random networks."""

import numpy as np
import pytest
import torch

from lightning_modeinterp import watch
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.generation import Drawing, Generation
from lightning_modeinterp.keyed_noise import keyed_generator
from lightning_modeinterp.trajectories import TrajectoryRecorder, Window
from tests.watching.loops import diffusers

WINDOWS = {"late": (0.0, 1.0)}
T = 50
BETAS = (0.002, 0.1)
SAID = {"num_inference_steps": 20, "output_type": "pt"}


def small_unet(dtype=torch.float32):
    torch.manual_seed(0)
    return diffusers.UNet2DModel(
        sample_size=8,
        block_out_channels=(8, 8),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        norm_num_groups=4,
    ).to(dtype)


def pipeline_of(kind, dtype=torch.float32, **settings):
    scheduler = getattr(diffusers, f"{kind}Scheduler")(
        num_train_timesteps=T, beta_start=BETAS[0], beta_end=BETAS[1], **settings
    )
    pipeline = getattr(diffusers, f"{kind}Pipeline")(unet=small_unet(dtype), scheduler=scheduler)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@pytest.mark.parametrize("kind", ["DDPM", "DDIM"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_a_pipeline_makes_the_same_images(kind, dtype):
    images, pipeline = [], pipeline_of(kind, dtype)
    more = {"eta": 0.5} if kind == "DDIM" else {}
    generators = [[torch.Generator().manual_seed(i) for i in range(4)] for _ in range(2)]
    images.append(pipeline(batch_size=4, generator=generators[0], **SAID, **more).images)
    with watch(pipeline, WINDOWS) as seen:
        images.append(pipeline(batch_size=4, generator=generators[1], **SAID, **more).images)
    assert torch.equal(*map(torch.as_tensor, images))
    assert all(torch.equal(a.get_state(), b.get_state()) for a, b in zip(*generators, strict=True))
    assert seen.scores["variance/late"].shape == (4,)
    assert (seen.scores["variance/late"] > 0).all()


def test_a_score_is_of_its_image():
    """Each image by itself has the score that it has in the batch."""
    pipeline = pipeline_of("DDIM")
    with watch(pipeline, WINDOWS) as together:
        pipeline(batch_size=3, generator=[torch.Generator().manual_seed(i) for i in range(3)], **SAID)
    with watch(pipeline, WINDOWS) as alone:
        for i in range(3):
            pipeline(batch_size=1, generator=torch.Generator().manual_seed(i), **SAID)
    scores = together.scores["variance/late"]
    assert len(scores.unique()) == 3
    torch.testing.assert_close(alone.scores["variance/late"], scores, rtol=1e-3, atol=0)


def test_the_same_noise_gives_the_scores_of_our_own_predict():
    pipeline = pipeline_of("DDPM", clip_sample=False, variance_type="fixed_large")
    schedule = LinearBetaSchedule(T, *BETAS)

    def predict_x_0(x_t, level):
        step = (level.t * (T - 1)).round().long()
        return (x_t - level.sigma * pipeline.unet(x_t, step).sample) / level.alpha

    windows = {"late": Window(noise_to_signal=(0.0, 1.0)), "last": Window(last_steps=10)}
    generation = Generation(windows=windows, window="late", num_samples=6, block_size=6, seed=3)
    ours = Drawing(predict_x_0, schedule, (3, 8, 8), generation).draw()
    with watch(pipeline, windows) as seen:
        generator = keyed_generator(3, "samples/predict", 0, "cpu")
        images = pipeline(6, generator, num_inference_steps=T, output_type="pt").images
    torch.testing.assert_close(torch.as_tensor(images), (ours.samples / 2 + 0.5).clamp(0, 1), rtol=1e-3, atol=1e-3)
    for name, score in ours.scores.items():
        torch.testing.assert_close(seen.scores[name].float(), score, rtol=1e-3, atol=1e-9)


@pytest.fixture
def guided():
    torch.manual_seed(0)
    transformer = diffusers.DiTTransformer2DModel(
        num_attention_heads=2,
        attention_head_dim=4,
        in_channels=4,
        out_channels=4,
        num_layers=1,
        sample_size=4,
        num_embeds_ada_norm=1000,
        norm_num_groups=2,
    )
    for parameter in transformer.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    vae = diffusers.AutoencoderKL(block_out_channels=(4,), norm_num_groups=2, latent_channels=4)
    return diffusers.DiTPipeline(transformer, vae, diffusers.DDIMScheduler(clip_sample=False))


def test_of_a_guided_latent_pipeline_the_guided_prediction_is_seen(guided):
    outputs, scores, step = [], [], diffusers.DDIMScheduler.step

    class Spy(diffusers.DDIMScheduler):
        def step(self, model_output, timestep, sample, **kwargs):
            done = step(self, model_output, timestep, sample, **kwargs)
            outputs.append(done.pred_original_sample)
            return done

    guided.scheduler = Spy.from_config(guided.scheduler.config)
    for scale in (1.0, 4.0):
        outputs.clear()
        with watch(guided, WINDOWS, {"path": TrajectoryRecorder(range(2))}) as seen:
            guided([1, 7], guidance_scale=scale, generator=torch.Generator().manual_seed(0), **SAID)
        path = seen.statistics["path"]
        torch.testing.assert_close(path.float(), torch.stack(outputs, dim=1)[:2], rtol=1e-3, atol=1e-3)
        scores.append(seen.scores["variance/late"])
    assert [len(each) for each in scores] == [2, 4]  # this pipeline steps each guided image twice
    torch.testing.assert_close(scores[1][:2], scores[1][2:])
    assert not np.allclose(scores[0], scores[1][:2], rtol=0.1)


def test_several_images_a_prompt_are_rows_of_their_own():
    torch.manual_seed(0)
    unet = diffusers.UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(4, 8),
        layers_per_block=1,
        norm_num_groups=2,
        cross_attention_dim=8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )
    vae = diffusers.AutoencoderKL(block_out_channels=(4,), norm_num_groups=2, latent_channels=4)
    pipeline = diffusers.StableDiffusionPipeline(
        vae=vae,
        text_encoder=None,
        tokenizer=None,
        unet=unet,
        scheduler=diffusers.PNDMScheduler(skip_prk_steps=True),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    prompts = torch.randn(2, 5, 8)
    images = []
    for is_watched in (False, True):
        seen = watch(pipeline, WINDOWS)
        said = {"prompt_embeds": prompts, "negative_prompt_embeds": -prompts, "num_images_per_prompt": 3, **SAID}
        if is_watched:
            with seen:
                images.append(pipeline(**said, generator=torch.Generator().manual_seed(0)).images)
        else:
            images.append(pipeline(**said, generator=torch.Generator().manual_seed(0)).images)
    assert torch.equal(*images)
    assert seen.scores["variance/late"].shape == (len(images[1]),) == (6,)


class Empty:
    scheduler = None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((Empty(), WINDOWS), "expected a pipeline with a scheduler, or a scheduler, got Empty without one"),
        ((torch.nn.Linear(1, 1), WINDOWS), "or a scheduler, got Linear without one"),
        ((None, {"late": (1.0, 0.5)}), r"window late: expected a lowest and a higher sigma / alpha, got \(1.0, 0.5\)"),
        ((None, {"late": (1.0, 2.0, 3.0)}), "window late: expected a lowest and a higher"),
        ((None,), "expected windows or observers, got none"),
    ],
    ids=["none", "no_scheduler", "falling", "three", "nothing"],
)
def test_what_cannot_be_watched_is_refused_in_one_line(given, message):
    with pytest.raises(ConfigurationError, match=message) as refusal:
        watch(*given)
    assert "\n" not in str(refusal.value)


def test_a_scheduler_has_levels_of_its_own():
    with pytest.raises(ConfigurationError, match="got noise_to_signal; remove it"):
        watch(diffusers.DDIMScheduler(), WINDOWS, noise_to_signal=[2.0, 1.0])


def test_another_scheduler_than_the_one_that_was_there_is_not_seen():
    pipeline = pipeline_of("DDIM")
    with watch(pipeline, WINDOWS) as seen:
        pipeline.scheduler = diffusers.DDIMScheduler()
        pipeline(batch_size=1, **SAID)
    with pytest.raises(ConfigurationError, match="with the scheduler that it was opened with"):
        _ = seen.scores
