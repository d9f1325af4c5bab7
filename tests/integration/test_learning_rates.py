"""Schedules of the learning rate, as a config says them."""

import pytest
import torch

from lightning_modeinterp.cli import main

from .conftest import CONFIG, NETWORK, SMALL, Runner

SCHEDULER = "model.init_args.lr_scheduler"
PLATEAU = (
    f"--{SCHEDULER}=lightning.pytorch.cli.ReduceLROnPlateau",
    f"--{SCHEDULER}.init_args.patience=0",
    f"--{SCHEDULER}.init_args.factor=0.5",
    f"--{SCHEDULER}.init_args.threshold=1e9",  # no validation is that much better than the one before
    f"--{SCHEDULER}.init_args.threshold_mode=abs",
    "--trainer.val_check_interval=3",
)


def plateau(monitor):
    return (*PLATEAU, f"--{SCHEDULER}.init_args.monitor={monitor}")


WARM = (f"--{SCHEDULER}=WarmupCosine", f"--{SCHEDULER}.init_args.num_warmup_steps=4")


def warm(num_steps):
    return (*WARM, f"--{SCHEDULER}.init_args.num_steps={num_steps}")


def ended(runner):
    checkpoint = torch.load(runner.folder / "checkpoints/last.ckpt", weights_only=True)
    return checkpoint["state_dict"], checkpoint["optimizer_states"][0]["param_groups"][0]["lr"]


def test_a_rate_falls_after_each_validation_that_is_no_better(run):
    """The first of the four sets the mark, the last follows the last step."""
    run("fit", *plateau("val/loss"))
    assert ended(run)[1] == pytest.approx(0.001 * 0.5**3)


@pytest.mark.parametrize(
    ("options", "stop"), [(plateau("val/hallucination_rate"), 3), (warm(12), 7)], ids=["plateau", "warm-up"]
)
def test_a_schedule_goes_on_bitwise(tmp_path, options, stop):
    """3 steps end with a validation, whose step of the schedule the checkpoint has to hold."""
    whole, broken = Runner(tmp_path / "whole"), Runner(tmp_path / "broken")
    whole("fit", *options)
    broken("fit", *options, f"--trainer.max_steps={stop}")
    broken("fit", *options, "--ckpt_path=last")
    (weights, rate), (others, other_rate) = ended(whole), ended(broken)
    assert rate == other_rate != 0.001
    assert all(torch.equal(weights[name], others[name]) for name in weights)


def test_torchs_own_plateau_watches_the_loss(run):
    own = ("--model.init_args.lr_scheduler=torch.optim.lr_scheduler.ReduceLROnPlateau", *PLATEAU[1:])
    run("fit", *own)
    assert ended(run)[1] == pytest.approx(0.001 * 0.5**3)


REFUSED = {
    "no such metric": (
        plateau("val/los"),
        "lr_scheduler.monitor: expected a metric that validation logs, got",
    ),
    "no validation": (
        (*plateau("val/loss"), "--trainer.limit_val_batches=0"),
        "model.lr_scheduler: expected validations, after which ReduceLROnPlateau lowers the rate, got",
    ),
    "numbers": (warm(4), "expected 0 <= num_warmup_steps < num_steps, got 4 and 4"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_followed_is_one_line(name, tmp_path, capsys):
    options, expected = REFUSED[name]
    with pytest.raises(SystemExit) as end:
        main(["fit", "-c", str(CONFIG), f"--run.root={tmp_path}", *SMALL, *NETWORK, *options])
    assert end.value.code == 2
    assert expected in capsys.readouterr().err.strip().splitlines()[-1]
