"""On a GPU: what could differ there."""

import json

import pytest
import torch
from lightning import LightningModule

from lightning_modeinterp.denoisers import MLP, UNet
from lightning_modeinterp.diffusion.end_point_scores import ScoreLaplacian
from lightning_modeinterp.diffusion.generation import Generation
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.diffusion.samplers import AncestralSampler
from lightning_modeinterp.diffusion.trajectories import TrajectoryVariance, Window
from lightning_modeinterp.sample_store import SampleStore

from .conftest import FEW_IMAGES, ROOT, UNET, VDM_LEARNED, Runner

pytestmark = pytest.mark.gpu

GPU = ("--trainer.accelerator=gpu",)
SHAPES = ROOT / "configs/experiment/shapes_32.yaml"
SCHEDULE = LinearBetaSchedule(1000, 0.001, 0.2)
WINDOWS = {"late": Window(last_steps=10)}
CUDA = torch.device("cuda")


def weights(run):
    return torch.load(run.folder / "checkpoints/last.ckpt", weights_only=True)["state_dict"]


def stored(run):
    (batch,) = SampleStore.open(run.folder / "predictions")
    return batch


def test_a_set_of_samples_begins_with_any_smaller_one(run):
    run("fit", *GPU)
    run("predict", *GPU, "--ckpt_path=last", "--generation.num_samples=50")
    few = stored(run)
    run("predict", *GPU, "--ckpt_path=last", "--run.overwrite=true")
    many = stored(run)
    assert torch.equal(many.samples[:50], few.samples)
    assert torch.equal(many.trajectory_variance[:50], few.trajectory_variance)


def test_a_fit_that_goes_on_ends_where_an_undisturbed_one_does(run, tmp_path):
    run("fit", *GPU, "--trainer.max_steps=6")
    run("fit", *GPU, "--ckpt_path=last")
    undisturbed = Runner(tmp_path / "undisturbed")
    undisturbed("fit", *GPU)
    for name, value in weights(undisturbed).items():
        torch.testing.assert_close(weights(run)[name], value, rtol=1e-5, atol=1e-6, msg=name)


@pytest.mark.parametrize("option", ["time_table", "is_fused"])
def test_options_of_the_network_change_what_it_learns_by_rounding_alone(option, tmp_path):
    trained = []
    for value in ("false", "true"):
        run = Runner(tmp_path / value)
        run("fit", *GPU, f"--model.init_args.denoiser.init_args.{option}={value}", "--data.init_args.batch_size=256")
        trained.append(weights(run))
    for name, value in trained[0].items():
        torch.testing.assert_close(trained[1][name], value, rtol=1e-3, atol=1e-4, msg=name)


def test_compiled_commands_leave_what_they_should(run):
    run("fit", *GPU, "--model.init_args.compile_denoiser=true")
    run("predict", *GPU, "--ckpt_path=last", "--generation.compile=true")
    assert stored(run).samples.isfinite().all()


def test_a_vdm_with_a_learned_schedule(run):
    run("fit", *GPU, network=VDM_LEARNED)
    run("test", *GPU, "--ckpt_path=last", network=VDM_LEARNED)
    assert 0 <= run.test_metrics()["hallucination_rate"] <= 1


def test_the_true_score_draws_no_hallucinations(run):
    options = ("--generation.true_score=true", "--generation.sampler.init_args.num_steps=200")
    run("test", *GPU, *options, "--allow_untrained=true", "--generation.num_samples=500")
    assert run.test_metrics()["num_hallucinated"] <= 1


def test_images(run):
    run("fit", *GPU, *FEW_IMAGES, config=SHAPES, network=UNET)
    run("test", *GPU, *FEW_IMAGES, "--ckpt_path=last", config=SHAPES, network=UNET)
    run("predict", *GPU, *FEW_IMAGES, "--ckpt_path=last", config=SHAPES, network=UNET)
    folder = run.root / "shapes_32/seed_0"
    metrics = json.loads((folder / "test_metrics.json").read_text())
    assert 0 <= metrics["repeated_rate"] <= 1
    (batch,) = SampleStore.open(folder / "predictions")
    assert batch.samples.shape == (16, 1, 32, 32)


def test_a_checkpoint_of_a_gpu_is_read_on_a_cpu_and_draws_there(run):
    run("fit", *GPU)
    run("predict", "--trainer.accelerator=cpu", "--ckpt_path=last")
    module = LightningModule.load_from_checkpoint(run.folder / "checkpoints/last.ckpt", map_location="cpu")
    assert module.device.type == "cpu"
    assert stored(run).samples.isfinite().all()


def test_from_the_same_noise_it_draws_what_a_cpu_draws():
    torch.manual_seed(0)
    network, noise = MLP((2,), width=64), torch.randn(101, 256, 2)
    drawn = []
    for device in ("cpu", "cuda"):
        rows = iter(noise.to(device))
        with torch.inference_mode():
            samples, results = AncestralSampler(100, 1e-4).sample(
                network.to(device), SCHEDULE, lambda rows=rows: next(rows), {"variance": TrajectoryVariance(WINDOWS)}
            )
        drawn.append((samples.cpu(), results["variance"].cpu()))
    torch.testing.assert_close(drawn[1][0], drawn[0][0], rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(drawn[1][1], drawn[0][1], rtol=1e-2, atol=1e-5)


def peak_bytes(num_steps, num_blocks):
    """What the allocator gave out at once beyond what there was, while blocks are drawn."""
    network = MLP((2,), width=64).to(CUDA)
    generation = Generation(AncestralSampler(num_steps), WINDOWS, "late", block_size=10_000)
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    with torch.inference_mode():
        for block in range(num_blocks):
            generation.draw(block, "predict", network, SCHEDULE, (2,), CUDA)
    return torch.cuda.max_memory_allocated() - before


def test_memory_follows_neither_steps_nor_samples():
    expected = peak_bytes(20, 1)
    assert expected > 10_000 * 64 * 4  # the features of a block
    assert peak_bytes(500, 1) < 1.05 * expected  # scales and levels of more steps
    assert peak_bytes(20, 5) < 1.05 * expected


@pytest.mark.parametrize("network", [MLP((3,), width=16), UNet((1, 4, 4), 8, (1, 2), 1, (4,), 8)], ids=["MLP", "UNet"])
def test_the_score_laplacian_is_that_of_a_cpu(network):
    samples = torch.randn(5, *network.sample_shape, generator=torch.Generator().manual_seed(0))
    found = []
    for device in ("cpu", "cuda"):
        network = network.to(device)
        with torch.inference_mode():
            found.append(ScoreLaplacian(0.2).score(samples.to(device), network, SCHEDULE).cpu())
    torch.testing.assert_close(found[1], found[0], rtol=1e-2, atol=1e-2)
