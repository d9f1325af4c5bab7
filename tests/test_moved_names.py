import importlib
import sys

import pytest

from lightning_modeinterp import moved_names
from lightning_modeinterp.callbacks import ValidationProbes
from lightning_modeinterp.data import ModeInterpDataModule
from lightning_modeinterp.data.gaussian import ExactMixture, GaussianModes
from lightning_modeinterp.moved_names import HOMES, add_moved_names, current_name, names_used, with_current_names


@pytest.fixture(autouse=True)
def nothing_moved_by_users(monkeypatch):
    monkeypatch.setattr(moved_names, "_users", {})
    monkeypatch.setattr(moved_names, "_used", {})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("lightning_modeinterp.datamodules.ModeInterpDataModule", ModeInterpDataModule),
        ("lightning_modeinterp.support.GaussianModes", GaussianModes),
        ("lightning_modeinterp.denoisers.ExactMixture", ExactMixture),
        ("lightning_modeinterp.callbacks.ExclusionMonitor", ValidationProbes),
        ("lightning_modeinterp.callbacks.exclusion.ExclusionMonitor", ValidationProbes),
    ],
)
def test_what_moved_is_found_by_its_old_name(old, new):
    module, _, name = old.rpartition(".")
    assert getattr(importlib.import_module(module), name) is new
    assert names_used()[old] == current_name(old)
    home, _, name = current_name(old).rpartition(".")
    assert getattr(importlib.import_module(home), name) is new


@pytest.mark.parametrize("module", [module for module in HOMES if module.count(".") > 1 or "data" in module])
def test_an_old_module_has_nothing_that_it_never_had(module):
    with pytest.raises(ImportError, match="nothing_of_the_kind"):
        exec(f"from {module} import nothing_of_the_kind")


def test_trees_of_a_saved_config_follow():
    saved = {
        "class_path": "lightning_modeinterp.datamodules.GaussianMixtureDataModule",
        "init_args": {"support": {"class_path": "lightning_modeinterp.support.GaussianModes"}, "means": [1.0, 2.0]},
    }
    assert with_current_names(saved) == {
        "class_path": "lightning_modeinterp.data.gaussian.GaussianMixtureDataModule",
        "init_args": {"support": {"class_path": "lightning_modeinterp.data.gaussian.GaussianModes"}, "means": [1, 2]},
    }
    untouched = {"class_path": "torch.optim.Adam", "init_args": {"lr": 0.1, "path": "a.b/c.yaml", "none": None}}
    assert with_current_names(untouched) == untouched


def test_a_class_of_ones_own_that_moved(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "newer_rings.py").write_text("class Ring:\n    pass\n")
    add_moved_names({"older_ring.Ring": "newer_rings.Ring"})
    assert current_name("older_ring.Ring") == "newer_rings.Ring"
    from older_ring import Ring

    assert Ring.__module__ == "newer_rings"
    del sys.modules["older_ring"], sys.modules["newer_rings"]
