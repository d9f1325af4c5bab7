"""One command at a time, its own checkpoint under any spelling, and nothing written over by mistake."""

import errno
import os
import signal
import subprocess
import sys

import pytest

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.run_directory import RunDirectory

HOLD = """
import sys, time
from lightning_modeinterp.run_directory import RunDirectory
with RunDirectory("e", "n", root=sys.argv[1]).alone():
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def run(tmp_path):
    run = RunDirectory("e", "n", root=str(tmp_path))
    run.last_checkpoint.parent.mkdir(parents=True)
    run.last_checkpoint.write_bytes(b"weights")
    return run


def test_held_by_one_at_a_time(run):
    other_name = RunDirectory("e", "./n", root=run.root)
    with run.alone(), pytest.raises(ConfigurationError, match="no other command at work"), other_name.alone():
        pass
    with run.alone():  # let go of
        pass


def test_let_go_of_after_an_error(run):
    with pytest.raises(KeyError), run.alone():
        raise KeyError
    with run.alone():
        pass


def test_a_killed_process_lets_go(run):
    process = subprocess.Popen([sys.executable, "-c", HOLD, run.root], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"held\n"
    with pytest.raises(ConfigurationError, match="at work"), run.alone():
        pass
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with run.alone():
        pass


def test_its_own_checkpoint_under_any_spelling(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.ckpt").symlink_to(run.last_checkpoint)
    os.link(run.last_checkpoint, tmp_path / "hard.ckpt")
    older = run.path / "older.ckpt"
    older.write_bytes(b"weights")
    spellings = ("e/n/checkpoints/last.ckpt", "e/../e/n/checkpoints/last.ckpt", "link.ckpt", "hard.ckpt")
    for file in (*map(tmp_path.joinpath, spellings), *map(type(tmp_path), spellings), older):
        assert run.has_checkpoint(file), file
    stranger = tmp_path / "e" / "stranger.ckpt"
    stranger.write_bytes(b"weights")
    assert not run.has_checkpoint(stranger)


def test_a_checkpoint_that_would_be_replaced_is_refused(run, tmp_path):
    anew = RunDirectory("e", "n", root=run.root, overwrite=True)
    with pytest.raises(ConfigurationError, match=r"expected a file that --run\.overwrite true does not replace"):
        anew.refuse_replaced("fit", run.last_checkpoint)
    anew.refuse_replaced("test", run.last_checkpoint)
    anew.refuse_replaced("fit", tmp_path / "other.ckpt")
    run.refuse_replaced("fit", run.last_checkpoint)


def test_a_link_that_leads_nowhere_is_named(run, tmp_path):
    (run.path / "predictions").symlink_to(tmp_path / "gone")
    with pytest.raises(ConfigurationError, match=r"predictions: expected a link whose target exists, got .*gone"):
        run.refuse_earlier("predict")


def test_a_folder_that_cannot_be_written_says_how_to_evaluate_all_the_same(run, monkeypatch):
    def refuses(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", str(run.path / ".lock"))

    monkeypatch.setattr("lightning_modeinterp.run_directory.FileLock.acquire", refuses)
    expected = r"can be written, got .* \(Permission denied at .*\.lock\); .* give --run\.root DIR and its checkpoint"
    with pytest.raises(ConfigurationError, match=expected), run.alone():
        pass
