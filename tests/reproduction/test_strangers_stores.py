"""The data of a run are those of its own config; what a store says of data is not asked."""

import json
import sys

import pytest

from lightning_modeinterp.reproduction import CachedRuns, line_panel
from lightning_modeinterp.reproduction.measures import num_between
from lightning_modeinterp.runs import Draw, Fit
from lightning_modeinterp.sample_store import SampleStore

from ..runs.test_cached_runs import CONFIG, TINY

MEANS = [1.0, 3.0]
TRUTH = Draw(
    "truth",
    Fit("two", CONFIG, (*TINY, f"--data.init_args.means={MEANS}")),
    ("--generation.num_samples=32", "--generation.true_score=true"),
)


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Runs with samples whose manifest names a module that must not be imported."""
    (tmp_path / "strangers_module.py").write_text("raise SystemExit('this code was run')\n")
    monkeypatch.syspath_prepend(tmp_path)
    runs = CachedRuns(tmp_path / "runs", lambda line: None)
    file = runs.samples(TRUTH).path / "manifest.json"
    manifest = json.loads(file.read_text())
    manifest["fingerprint"]["data"] = {"class_path": "strangers_module.Data", "init_args": {}}
    file.write_text(json.dumps(manifest))
    return runs


def test_what_a_manifest_names_is_not_imported(runs):
    store = SampleStore.open(runs.samples(TRUTH).path)
    assert sum(len(batch) for batch in store) == 32
    assert len(num_between(runs, TRUTH)) == len(MEANS) - 1
    assert line_panel(runs, TRUTH).means.flatten().tolist() == MEANS
    assert "strangers_module" not in sys.modules
