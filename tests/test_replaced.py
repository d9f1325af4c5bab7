"""Results that are overwritten come back, or go, as a whole, whenever the process was killed."""

from pathlib import Path

import pytest

from lightning_modeinterp.errors import ConfigurationError
from lightning_modeinterp.replaced import Replaced
from tests.killed import Killed, killed_at

EARLIER = {"predictions/shard-00000.safetensors": "old", "config_predict.yaml": "old", "logs/predict/m.csv": "old"}
BEGUN = {"predictions/unfinished/fingerprint.json": "new", "config_predict.yaml": "new", "logs/predict/n.csv": "new"}
RESULT = {"predictions/unfinished/part-000000000.safetensors": "new"}
OTHERS = {"test_metrics.json": "of test", "logs/fit/metrics.csv": "of fit"}


def write(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)


def read(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def replaced_in(folder):
    write(folder, EARLIER | OTHERS)
    return Replaced(folder, "predict")


def test_moved_aside_but_for_the_config_that_is_still_read(tmp_path):
    replaced_in(tmp_path).move_aside()
    assert not (tmp_path / "predictions").exists()
    assert (tmp_path / "config_predict.yaml").read_text() == "old"
    assert OTHERS.items() <= read(tmp_path).items()


@pytest.mark.parametrize("has_ended_well", [False, True])
def test_without_a_result_they_come_back(tmp_path, has_ended_well):
    replaced = replaced_in(tmp_path)
    replaced.move_aside()
    write(tmp_path, BEGUN)
    assert not replaced.drop_if_written()
    assert replaced.settle(has_ended_well) == (not has_ended_well)
    assert read(tmp_path) == ((BEGUN if has_ended_well else EARLIER) | OTHERS)


@pytest.mark.parametrize("when", ["drop_if_written", "settle"])
def test_with_a_result_they_go(tmp_path, when):
    replaced = replaced_in(tmp_path)
    replaced.move_aside()
    write(tmp_path, BEGUN | RESULT)
    assert getattr(replaced, when)() == (when == "drop_if_written")
    assert read(tmp_path) == BEGUN | RESULT | OTHERS


def test_nothing_to_replace(tmp_path):
    write(tmp_path, OTHERS)
    replaced = Replaced(tmp_path, "predict")
    assert replaced.move_aside() == []
    assert replaced.drop_if_written()
    assert not replaced.settle()
    assert read(tmp_path) == OTHERS


def test_of_a_link_the_link_alone(tmp_path):
    store, run = tmp_path / "large_disk", tmp_path / "run"
    write(store, {"shard-00000.safetensors": "old"})
    run.mkdir()
    (run / "predictions").symlink_to(store)
    replaced = Replaced(run, "predict")
    assert replaced.move_aside() == [run / "predictions"]
    assert replaced.settle()
    assert (run / "predictions").readlink() == store
    replaced.move_aside()
    write(run, BEGUN | RESULT)
    assert replaced.drop_if_written()
    assert read(run) == BEGUN | RESULT
    assert read(store) == {"shard-00000.safetensors": "old"}


def test_what_cannot_be_moved_is_named_and_the_rest_is_back(tmp_path, monkeypatch):
    replaced = replaced_in(tmp_path)
    rename = Path.rename

    def busy(path, target):
        if path == tmp_path / "logs/predict":
            raise OSError(16, "Device or resource busy", str(path))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", busy)
    with pytest.raises(ConfigurationError, match=r"got .*logs/predict \(Device or resource busy\); remove"):
        replaced.move_aside()
    assert read(tmp_path) == EARLIER | OTHERS


def start(folder, new, has_ended_well):
    """A start that overwrites, and ends with what it has written."""
    replaced = Replaced(folder, "predict")
    replaced.settle()
    replaced.move_aside()
    write(folder, new)
    replaced.settle(has_ended_well)


@pytest.mark.parametrize(
    ("new", "has_ended_well"),
    [(BEGUN, False), (BEGUN | RESULT, False), (BEGUN | RESULT, True)],
    ids=["no result", "result", "ended well"],
)
def test_killed_before_any_change_there_is_one_or_the_other(tmp_path, monkeypatch, new, has_ended_well):
    number, was_killed, seen = 0, True, []
    while was_killed:
        number += 1
        folder = tmp_path / str(number)
        write(folder, EARLIER | OTHERS)
        with monkeypatch.context() as patch:
            killed_at(patch, number)
            try:
                start(folder, new, has_ended_well)
                was_killed = False
            except Killed:
                pass
        Replaced(folder, "predict").settle()  # as the next command does
        seen.append(read(folder))
        assert seen[-1] in (EARLIER | OTHERS, new | OTHERS), f"killed at change {number}"
    assert number > 8
    assert seen[0] == EARLIER | OTHERS
    assert seen[-1] == (EARLIER if new == BEGUN else new) | OTHERS
