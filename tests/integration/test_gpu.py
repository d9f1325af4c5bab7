"""On a GPU: what could differ there."""

import pytest
import torch
from lightning import LightningModule

from lightning_modeinterp import datamodules
from lightning_modeinterp.cli import main, run_command
from lightning_modeinterp.configuration.config_files import read_config
from lightning_modeinterp.denoisers import MLP, UNet, fused_mlp
from lightning_modeinterp.detectors import ScoreLaplacian
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.diffusion.samplers import AncestralSampler
from lightning_modeinterp.generation import Drawing, Generation
from lightning_modeinterp.sample_store import SampleStore
from lightning_modeinterp.trajectories import TrajectoryVariance, Window

from .conftest import CONFIG, NETWORK, SMALL, VDM_LEARNED, Runner
from .families import COMMANDS, EXPERIMENTS, LIKE_ANOTHER, PRECISIONS, Case, check_products, config_of
from .processes import PARALLEL, on_two_processes, said
from .test_training import fit_where_only_rank_one_diverges

pytestmark = pytest.mark.gpu

GPU = ("--trainer.accelerator=gpu",)
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
    assert all(torch.equal(many.scores[name][:50], few.scores[name]) for name in few.scores)


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


@pytest.mark.parametrize("name", [name for name in EXPERIMENTS if name not in LIKE_ANOTHER])
def test_the_exact_denoiser_says_what_it_says_on_a_cpu(name):
    data = read_config(config_of(name))["data"]
    made = getattr(datamodules, data["class_path"])(**data["init_args"])
    exact, level = made.exact_denoiser_on(torch.device("cpu")), SCHEDULE.level_at(0.5).to(dtype=torch.float32)
    if exact is None:
        pytest.skip("the posterior mean of these data has no closed form")
    x_t = torch.randn(8, *made.sample_shape, generator=torch.Generator().manual_seed(0))
    expected = exact(x_t, level)
    found = made.exact_denoiser_on(CUDA)(x_t.to(CUDA), level.to(CUDA))
    torch.testing.assert_close(found.cpu(), expected, rtol=1e-4, atol=1e-5)


def test_a_gpu_asks_for_no_compiler_of_the_fused_function(run, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    fused_mlp.kernel.cache_clear()
    run("predict", *GPU, "--model.init_args.denoiser.init_args.is_fused=true", "--allow_untrained=true")
    assert SampleStore.open(run.folder / "predictions").manifest["fingerprint"]["fallback"] is None
    assert fused_mlp.kernel.cache_info().misses == 0


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_family_and_module_fits_tests_and_predicts(experiment, precision, tmp_path):
    case = Case(experiment, precision, tmp_path)
    for command in COMMANDS:
        run_command([*case.arguments(command, 1, draws_figures=precision == "32-true"), *GPU])
    check_products(case, 1)


@pytest.mark.ddp
@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two GPUs")
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_two_gpus_measure_and_draw_what_one_does(experiment, precision, tmp_path):
    case = Case(experiment, precision, tmp_path)
    for command in COMMANDS:
        run_command([*case.arguments(command, 1, draws_figures=False), *GPU])
    for command in COMMANDS:
        log = tmp_path / command
        arguments = [*case.arguments(command, 2, draws_figures=True), *GPU]
        assert on_two_processes(log, main, arguments, seconds=240) == [0, 0], said(log)
    check_products(case, 2)
    rate = "hallucination_rate"
    assert case.metrics(2)[rate] == case.metrics(1)[rate]


@pytest.mark.ddp
@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two GPUs")
def test_two_gpus_stop_together_where_one_diverges(tmp_path):
    """Over NCCL the other waits for half an hour."""
    log, arguments = tmp_path / "log", ["fit", "-c", str(CONFIG), f"--run.root={tmp_path}", *SMALL, *NETWORK, *PARALLEL]
    statuses = on_two_processes(log, fit_where_only_rank_one_diverges, [*arguments, *GPU], seconds=120)
    assert statuses == [1, 1], said(log)


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


BLOCK = 10_000


def peak_bytes(num_steps, num_blocks):
    """What the allocator gave out at once beyond what there was, while blocks are drawn."""
    network = MLP((2,), width=64).to(CUDA)
    generation = Generation(
        AncestralSampler(num_steps), WINDOWS, "late", num_samples=num_blocks * BLOCK, block_size=BLOCK
    )
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    with torch.inference_mode():
        for _ in Drawing(network, SCHEDULE, (2,), generation, device=CUDA).blocks():
            pass
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
