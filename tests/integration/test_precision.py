"""The network may run in half precision; trajectories, moments, losses and verdicts may not."""

import pytest
import torch
from lightning import LightningModule

from lightning_modeinterp.cli import main
from lightning_modeinterp.sample_store import SampleStore
from lightning_modeinterp.trajectories import TrajectoryVariance

from .conftest import CONFIG, NETWORK, SMALL, VDM_LEARNED, Runner

PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")
SINGLE = pytest.param("32-true", marks=pytest.mark.slow)  # what most other tests run in


@pytest.fixture(scope="module", params=[SINGLE, *PRECISIONS[1:]])
def mixed(request, tmp_path_factory):
    """A fit and its samples in one precision; what went in and out of network and trajectory is noted."""
    seen = {"network": set(), "trajectory": set()}
    patch = pytest.MonkeyPatch()
    layer, update = torch.nn.Linear.forward, TrajectoryVariance.update

    def noting_layer(self, x):
        output = layer(self, x)
        seen["network"].add(output.dtype)
        return output

    def noting_update(self, state, step):
        seen["trajectory"] |= {step.x_t.dtype, step.x_0_hat.dtype, step.level.gamma.dtype}
        return update(self, state, step)

    patch.setattr(torch.nn.Linear, "forward", noting_layer)
    patch.setattr(TrajectoryVariance, "update", noting_update)
    run = Runner(tmp_path_factory.mktemp("precision"))
    precision = f"--trainer.precision={request.param}"
    run("fit", precision)
    run("predict", precision, "--ckpt_path=last")
    patch.undo()
    return request.param, run, seen


def test_the_network_runs_in_the_chosen_precision(mixed):
    precision, _, seen = mixed
    # torch has no float16 autocast that trains on a CPU; Lightning takes bfloat16 there
    assert seen["network"] == {torch.float32 if precision == "32-true" else torch.bfloat16}


def test_trajectories_stay_in_single_precision(mixed):
    assert mixed[2]["trajectory"] == {torch.float32}


def test_stored_samples_and_weights_are_single_precision(mixed):
    _, run, _ = mixed
    (batch,) = SampleStore.open(run.folder / "predictions")
    assert {batch.samples.dtype, *(scores.dtype for scores in batch.scores.values())} == {torch.float32}
    assert batch.samples.isfinite().all()
    assert all((scores >= 0).all() for scores in batch.scores.values())
    assert not torch.equal(batch.samples, batch.samples.bfloat16().float())
    weights = torch.load(run.folder / "checkpoints/last.ckpt", weights_only=True)["state_dict"].values()
    assert {each.dtype for each in weights} == {torch.float32}


def test_verdicts_are_those_of_single_precision(mixed):
    _, run, _ = mixed
    (batch,) = SampleStore.open(run.folder / "predictions")
    data = run("predict", "--ckpt_path=last", f"--trainer.precision={mixed[0]}").datamodule
    assert torch.equal(data.support.judge(batch.samples).kind, batch.verdict.kind)


def test_a_vdm_keeps_its_bound_and_schedule_in_single_precision(run):
    run("fit", "--trainer.precision=bf16-mixed", network=VDM_LEARNED)
    run("predict", "--trainer.precision=bf16-mixed", "--ckpt_path=last", network=VDM_LEARNED)
    (batch,) = SampleStore.open(run.folder / "predictions")
    assert batch.samples.isfinite().all()
    checkpoint = torch.load(run.folder / "checkpoints/last.ckpt", weights_only=True)
    assert {weights.dtype for weights in checkpoint["state_dict"].values()} == {torch.float32}
    gamma = LightningModule.load_from_checkpoint(run.folder / "checkpoints/last.ckpt").noise_schedule.grid().gamma
    assert not torch.equal(gamma, gamma.bfloat16().double())


def test_a_vdm_that_draws_nothing_may_be_of_half_precision(run):
    run("fit", "--trainer.precision=bf16-true", '--generation.monitor={"num_samples": 0}', network=VDM_LEARNED)


@pytest.mark.parametrize(
    ("command", "precision"),
    [("fit", "16-true"), *((command, "bf16-true") for command in ("fit", "validate", "test", "predict"))],
)
def test_samples_are_not_drawn_in_half_precision(command, precision, tmp_path, capsys):
    options = [f"--run.root={tmp_path}", *SMALL, *NETWORK, f"--trainer.precision={precision}", "--allow_untrained=true"]
    with pytest.raises(SystemExit) as exit_:
        main([command, "-c", str(CONFIG), *options])
    assert exit_.value.code == 2
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert f"expected 32-true, 16-mixed or bf16-mixed to draw samples, got {precision}, which would round" in line
    assert not list(tmp_path.iterdir())


def test_a_fit_that_draws_nothing_may_be_of_half_precision(run):
    run("fit", "--trainer.precision=bf16-true", '--generation.monitor={"num_samples": 0}')
    assert (run.folder / "checkpoints/last.ckpt").exists()


@pytest.mark.gpu
@pytest.mark.parametrize("precision", PRECISIONS)
def test_on_a_gpu_every_precision_fits_and_predicts(run, precision):
    options = ["--trainer.accelerator=gpu", f"--trainer.precision={precision}"]
    run("fit", *options)
    run("predict", *options, "--ckpt_path=last")
    (batch,) = SampleStore.open(run.folder / "predictions")
    assert batch.samples.isfinite().all()
