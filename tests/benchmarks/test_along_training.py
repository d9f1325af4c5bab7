"""What is kept of the long trainings answers to the key of today's configs, so that nobody trains for hours again."""

import json
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import along_training
from along_training import fits, go_on, kept_name, known_looks, rekey

from lightning_modeinterp.reproduction import CachedRuns

KEPT = Path(__file__).parents[2] / along_training.RESULTS


@pytest.mark.parametrize("data", along_training.CONFIGS)
def test_the_committed_results_are_found(data, tmp_path):
    last = fits(data)[-1]
    assert (KEPT / kept_name(last)).is_file()
    assert len(known_looks(data, KEPT)) == len(fits(data)) + 1
    runs = CachedRuns(tmp_path)
    assert go_on(data, runs, KEPT) == []  # nothing is left to do
    assert runs.has_fit(last)


@pytest.fixture
def renamed(tmp_path):
    """Results under the key of a config that said less."""
    last = fits("1d")[-1]
    shutil.copy(KEPT / kept_name(last), tmp_path / f"{last.name}-0123456789.ckpt")
    for name in ("1d.json", "1d.md"):
        (tmp_path / name).write_text((KEPT / name).read_text().replace(last.key, "0123456789"))
    (tmp_path / "page.md").write_text("training 0123456789, two")
    return tmp_path


def test_results_of_the_same_training_get_the_key_of_today(renamed):
    last = fits("1d")[-1]
    assert known_looks("1d", renamed) == {}
    rekey("1d", renamed, renamed / "page.md")
    assert [file.name for file in renamed.glob("*.ckpt")] == [kept_name(last)]
    assert known_looks("1d", renamed) == known_looks("1d", KEPT)
    assert json.loads((renamed / "1d.json").read_text())["rows"] == json.loads((KEPT / "1d.json").read_text())["rows"]
    assert (renamed / "page.md").read_text() == f"training {last.key}, two"
    assert (renamed / "1d.md").read_text() == (KEPT / "1d.md").read_text()


def test_another_training_keeps_its_key(renamed, monkeypatch):
    other = (*along_training.TRAINING, "--model.init_args.denoiser.init_args.width=64")
    monkeypatch.setattr(along_training, "TRAINING", other)
    with pytest.raises(SystemExit, match=r"got other denoiser.init_args.width; train it anew"):
        rekey("1d", renamed, renamed / "page.md")
    assert [file.name[-15:] for file in renamed.glob("*.ckpt")] == ["0123456789.ckpt"]
