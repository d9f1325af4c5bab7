"""Where a run's logs are, and that they go on when it is resumed."""

import struct

import pytest

from lightning_modeinterp.cli import run_command

from .conftest import NO_FIGURES, ROOT, Runner
from .log_readers import complete_records, tensorboard_scalars

TENSORBOARD = (f"-c={ROOT / 'configs/logger/tensorboard.yaml'}", *NO_FIGURES)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A fit that nothing has disturbed; tests leave it as it is."""
    run = Runner(tmp_path_factory.mktemp("whole"))
    run("fit", *TENSORBOARD)
    return run


@pytest.mark.parametrize("stop", [5, 8, 11])
def test_resumed_logs_are_those_of_an_undisturbed_fit(run, whole, stop):
    """8 batches an epoch, validation after 6 and 12."""
    run("fit", *TENSORBOARD, f"--trainer.max_steps={stop}")
    run("fit", *TENSORBOARD, "--ckpt_path=last")
    first, second = (each.folder / "logs/fit" for each in (whole, run))
    assert (first / "metrics.csv").read_bytes() == (second / "metrics.csv").read_bytes()
    assert str(tensorboard_scalars(first)) == str(tensorboard_scalars(second))
    assert [step for step, _ in tensorboard_scalars(second)["train/loss"]] == list(range(12))


def test_resuming_from_an_older_checkpoint_drops_what_came_after(tmp_path):
    run = Runner(tmp_path)
    run("fit", *TENSORBOARD, "--trainer.max_steps=5")
    older = run.folder / "older.ckpt"
    older.write_bytes((run.folder / "checkpoints/last.ckpt").read_bytes())
    run("fit", *TENSORBOARD, "--ckpt_path=last")
    run("fit", *TENSORBOARD, f"--ckpt_path={older}", "--trainer.max_steps=7")
    assert [step for step, _ in tensorboard_scalars(run.folder / "logs/fit")["train/loss"]] == list(range(7))


def test_saved_config_logs_in_its_own_run(whole, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in whole.folder.rglob("*")}
    run_command(["fit", "-c", str(whole.folder / "config_fit.yaml"), f"--run.root={tmp_path / 'second'}"])
    assert {path: path.stat().st_mtime_ns for path in whole.folder.rglob("*")} == before
    again = tmp_path / "second/gaussian_1d/seed_0/logs/fit"
    assert (again / "metrics.csv").read_bytes() == (whole.folder / "logs/fit/metrics.csv").read_bytes()
    assert tensorboard_scalars(again).keys() >= {"train/loss", "val/loss"}


def test_a_repeated_validation_is_logged_once(fitted):
    for _ in range(2):
        fitted("validate", *TENSORBOARD, "--ckpt_path=last")
    assert len(tensorboard_scalars(fitted.folder / "logs/validate")["val/loss"]) == 1
    assert len((fitted.folder / "logs/validate/metrics.csv").read_text().splitlines()) == 2


def test_no_logger_if_the_user_wants_none(run):
    run("fit", "--trainer.logger=false")
    assert not (run.folder / "logs").exists()


def test_a_log_that_is_still_being_written_gives_its_whole_records():
    records = [b"first", b"the second one", b""]
    log = b"\0" * 7 + b"".join(struct.pack("<IHB", 0, len(record), 1) + record for record in records)
    for end in range(len(log) + 1):
        read = list(complete_records(log[:end]))
        assert read == records[: len(read)]
    assert read == records
