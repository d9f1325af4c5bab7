"""Resume, averaging and divergence, through the command line."""

import copy
import os
import subprocess
import sys
import threading

import pytest
import torch
from lightning.pytorch.callbacks import Callback, EMAWeightAveraging

from lightning_modeinterp.cli import main
from lightning_modeinterp.modules import DDPM
from lightning_modeinterp.records import GeneratedBatch

from .conftest import CONFIG, NETWORK, NO_FIGURES, SMALL, VDM, VDM_LEARNED, Runner
from .processes import PARALLEL, on_two_processes, said

EMA = "--trainer.callbacks=[{class_path: lightning.pytorch.callbacks.EMAWeightAveraging, init_args: {decay: 0.5}}]"


def checkpoint_of(runner):
    return torch.load(runner.folder / "checkpoints/last.ckpt", weights_only=True)


def same(a, b):
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return a == b


PLAIN = pytest.param((), id="plain", marks=pytest.mark.slow)  # test_stopping.py and test_logs.py resume plain fits


@pytest.fixture(scope="module", params=[PLAIN, pytest.param((EMA,), id="EMA")])
def undisturbed(request, tmp_path_factory):
    """Options of a fit, and the checkpoint that it ends with."""
    whole = Runner(tmp_path_factory.mktemp("whole"))
    whole("fit", *request.param)
    return request.param, checkpoint_of(whole)


@pytest.mark.parametrize("stop", [5, 8, 11])
def test_resumed_fit_equals_undisturbed(run, undisturbed, stop):
    """8 batches an epoch: the stops lie within an epoch, at its end and within the next."""
    averaging, first = undisturbed
    run("fit", *averaging, f"--trainer.max_steps={stop}")
    run("fit", *averaging, "--ckpt_path=last")
    second = checkpoint_of(run)
    assert second["global_step"] == 12
    for part in ("state_dict", "current_model_state", "averaging_state"):
        assert same(first.get(part, {}), second.get(part, {}))
    assert same(first["optimizer_states"][0]["state"], second["optimizer_states"][0]["state"])


@pytest.mark.parametrize("model", [pytest.param(VDM, marks=pytest.mark.slow), VDM_LEARNED], ids=["fixed", "learned"])
def test_a_vdm_resumes_bitwise_too(tmp_path, model):
    whole, broken = Runner(tmp_path / "whole"), Runner(tmp_path / "broken")
    whole("fit", EMA, network=model)
    broken("fit", EMA, "--trainer.max_steps=5", network=model)
    broken("fit", EMA, "--ckpt_path=last", network=model)
    first, second = checkpoint_of(whole), checkpoint_of(broken)
    for part in ("state_dict", "current_model_state", "averaging_state"):
        assert same(first[part], second[part])
    assert same(first["optimizer_states"][0]["state"], second["optimizer_states"][0]["state"])
    assert ("noise_schedule.spans" in first["state_dict"]) == (model is VDM_LEARNED)


def test_last_checkpoint_is_written_at_the_end_and_cold_start_is_fine(run):
    run("fit", "--ckpt_path=last", "--checkpoint.every_n_steps=5")
    assert checkpoint_of(run)["global_step"] == 12


class Recorder(Callback):
    """Note the weights that generation saw and the samples that came of them."""

    def __init__(self):
        self.weights, self.samples = [], []

    def on_validation_batch_end(self, trainer, pl_module, outputs, batch, batch_idx, dataloader_idx=0):
        if isinstance(outputs, GeneratedBatch):
            self.weights.append(pl_module.denoiser.input.weight.clone())
            self.samples.append(outputs.samples)


@pytest.mark.parametrize("is_first", [True, False])
def test_samples_come_from_averaged_weights_in_both_callback_orders(fitted, tmp_path, is_first):
    from lightning import LightningModule, Trainer

    module = LightningModule.load_from_checkpoint(fitted.folder / "checkpoints/last.ckpt")
    data = fitted("validate", "--ckpt_path=last").datamodule
    recorder, averaging = Recorder(), EMAWeightAveraging(decay=0.9)
    callbacks = [averaging, recorder] if is_first else [recorder, averaging]
    trainer = Trainer(
        accelerator="cpu", max_steps=3, max_epochs=-1, val_check_interval=3, check_val_every_n_epoch=None,
        num_sanity_val_steps=0, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, callbacks=callbacks,
    )  # fmt: skip
    start = module.denoiser.input.weight.detach().clone()
    trainer.fit(module, datamodule=data)
    average = averaging._average_model.module.denoiser.input.weight
    assert len(recorder.weights) == 2
    assert all(torch.equal(weights, average) for weights in recorder.weights)
    assert not torch.equal(average, start)


LATE = {"step": "update_starting_at_step: 9", "epoch": "update_every_n_steps: 0, update_starting_at_epoch: 1"}


def late(start):
    return (
        "--trainer.callbacks=[{class_path: lightning.pytorch.callbacks.EMAWeightAveraging, "
        f"init_args: {{use_buffers: false, decay: 0.5, {LATE[start]}}}}}]"
    )


@pytest.mark.parametrize("start", ["step", pytest.param("epoch", marks=pytest.mark.slow)])
def test_an_average_that_has_not_begun_is_the_weights_themselves(tmp_path, start):
    """Validation, the checkpoint and what is tested of it were of the weights before training."""
    averaged, plain = Runner(tmp_path / "averaged"), Runner(tmp_path / "plain")
    for runner, options in ((averaged, (late(start),)), (plain, ())):
        cli = runner("fit", *options, "--trainer.max_steps=8")
        runner.validation_loss = cli.trainer.callback_metrics["val/loss"].item()
        runner("test", "--ckpt_path=last", *NO_FIGURES)
    checkpoint = checkpoint_of(averaged)
    assert int(checkpoint["averaging_state"]["n_averaged"]) == 0
    assert same(checkpoint["state_dict"], checkpoint["current_model_state"])
    assert same(checkpoint["state_dict"], checkpoint_of(plain)["state_dict"])
    assert averaged.validation_loss == plain.validation_loss
    assert averaged.test_metrics() == plain.test_metrics()


@pytest.mark.parametrize(("start", "stop"), [("step", 11), ("epoch", 5)])
def test_an_average_that_begins_late_begins_with_the_weights_of_then(tmp_path, start, stop):
    """Steps 9, 10 and 11, or the end of the second epoch at 16; resumed within or before it is the same."""
    whole, run = Runner(tmp_path / "whole"), Runner(tmp_path / "broken")
    whole("fit", late(start), "--trainer.max_steps=18")
    first = checkpoint_of(whole)
    run("fit", late(start), f"--trainer.max_steps={stop}")
    run("fit", late(start), "--trainer.max_steps=18", "--ckpt_path=last")
    second = checkpoint_of(run)
    assert int(first["averaging_state"]["n_averaged"]) == {"step": 9, "epoch": 1}[start]
    assert not same(first["state_dict"], first["current_model_state"])
    for part in ("state_dict", "current_model_state", "averaging_state"):
        assert same(first[part], second[part])


def test_divergence_stops_with_one_line_and_keeps_the_last_good_checkpoint(run, capsys):
    run("fit", "--trainer.max_steps=4", "--checkpoint.every_n_steps=1")
    good = checkpoint_of(run)
    diverging = [
        "--model.init_args.optimizer.init_args.lr=0.001",
        "--trainer.max_steps=12",
        "--checkpoint.every_n_steps=1",
    ]
    poison(run, good)
    with pytest.raises(SystemExit) as exit_:
        main(["fit", "-c", str(CONFIG), f"--run.root={run.root}", *SMALL, *NETWORK, *diverging, "--ckpt_path=last"])
    assert exit_.value.code == 1
    assert "is no longer finite at step" in capsys.readouterr().err.strip().splitlines()[-1]
    assert checkpoint_of(run)["global_step"] == 4


def fit_where_only_rank_one_diverges(arguments):
    terms = DDPM.loss_terms
    if os.environ["RANK"] == "1":
        DDPM.loss_terms = lambda *given: {name: torch.nan * term for name, term in terms(*given).items()}
    main(arguments)


@pytest.mark.ddp
def test_processes_stop_together_where_one_diverges(tmp_path):
    arguments = ["fit", "-c", str(CONFIG), f"--run.root={tmp_path}", *SMALL, *NETWORK, *PARALLEL]
    statuses = on_two_processes(tmp_path / "log", fit_where_only_rank_one_diverges, arguments, seconds=60)
    assert statuses == [1, 1], said(tmp_path / "log")
    for rank in range(2):
        line = (tmp_path / f"log.{rank}").read_text().strip().splitlines()[-1]
        assert line.startswith("modeinterp: the loss is no longer finite at step 0: training has diverged"), line


def poison(run, checkpoint):
    """Make the next optimiser step overflow: an absurd step in the momentum."""
    for state in checkpoint["optimizer_states"][0]["state"].values():
        state["exp_avg"].fill_(3e38)
        state["exp_avg_sq"].zero_()
    torch.save(checkpoint, run.folder / "checkpoints/last.ckpt")


def test_a_checkpoint_with_weights_that_are_not_finite_is_not_written(fitted):
    from lightning import LightningModule

    from lightning_modeinterp.modules import NonFiniteLossError

    module = LightningModule.load_from_checkpoint(fitted.folder / "checkpoints/last.ckpt")
    with torch.no_grad():
        module.denoiser.input.weight[0] = float("nan")
    with pytest.raises(NonFiniteLossError, match="a weight is no longer finite"):
        module.on_save_checkpoint({})


def test_a_copy_of_the_module_is_no_copy_of_the_run(run):
    """The command line's optimiser factory holds all of it, and weight averaging copies the module."""
    cli = run("fit")
    cli.datamodule.uncopyable = threading.Lock()
    copied = copy.deepcopy(cli.model)
    assert same(copied.state_dict(), cli.model.state_dict())
    assert isinstance(copied.configure_optimizers(), torch.optim.Adam)


@pytest.mark.slow
@pytest.mark.ddp
def test_lightning_starts_the_second_process_of_an_averaged_fit(tmp_path):
    options = (*SMALL, *NETWORK, EMA, "--trainer.devices=2", "--trainer.strategy=ddp", "--trainer.max_steps=4")
    command = [sys.executable, "-m", "lightning_modeinterp", "fit", "-c", str(CONFIG), f"--run.root={tmp_path}"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-2000:]
    (checkpoint,) = tmp_path.rglob("last.ckpt")
    assert torch.load(checkpoint, weights_only=True)["global_step"] == 4
