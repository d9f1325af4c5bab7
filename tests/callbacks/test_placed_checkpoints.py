"""A `ModelCheckpoint` of Lightning's in a run directory."""

import lightning as L
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from lightning_modeinterp.callbacks import LastCheckpoint, PlacedCheckpoints
from lightning_modeinterp.data import BatchLoader
from lightning_modeinterp.errors import ConfigurationError


class Scores(L.LightningModule):
    """Logs made-up scores, one at each validation."""

    def __init__(self, scores):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.scores = scores

    def training_step(self, batch, batch_idx):
        return self.layer(batch).square().mean()

    def validation_step(self, batch, batch_idx):
        self.log("val/rate", self.scores[self.global_step - 1])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


def fit(folder, callback, scores=(0.3, 0.1, 0.2), ckpt_path=None):
    trainer = L.Trainer(
        accelerator="cpu", devices=1, max_steps=len(scores), max_epochs=-1, val_check_interval=1, logger=False,
        check_val_every_n_epoch=None, num_sanity_val_steps=0, default_root_dir=folder, enable_progress_bar=False,
        enable_model_summary=False, callbacks=[callback, PlacedCheckpoints(), LastCheckpoint(1)],
    )  # fmt: skip
    data = torch.ones(8, 1)
    trainer.fit(Scores(scores), BatchLoader(data, 2), BatchLoader(data, 8), ckpt_path=ckpt_path)
    return callback


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.ckpt"))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "epoch=0-step=2.ckpt"),
        ({"filename": "best"}, "best.ckpt"),
        ({"filename": "{step}-{val/rate:.2f}"}, "step=2-val_rate=0.10.ckpt"),
        ({"filename": "at_{step}_{val/rate:.2f}", "auto_insert_metric_name": False}, "at_2_0.10.ckpt"),
    ],
    ids=str,
)
def test_one_plain_file_beside_the_newest(settings, expected, tmp_path):
    fit(tmp_path, ModelCheckpoint(monitor="val/rate", **settings))
    assert names(tmp_path) == sorted([f"checkpoints/{expected}", "checkpoints/last.ckpt"])


def test_a_folder_that_is_given_stays(tmp_path):
    fit(tmp_path / "run", ModelCheckpoint(monitor="val/rate", filename="best", dirpath=tmp_path / "elsewhere"))
    assert names(tmp_path) == ["elsewhere/best.ckpt", "run/checkpoints/last.ckpt"]


@pytest.mark.parametrize("settings", [{"save_last": True}, {"save_last": "link"}, {"filename": "last"}], ids=str)
def test_the_newest_is_left_alone(settings, tmp_path):
    with pytest.raises(ConfigurationError, match=r"expected a ModelCheckpoint that leaves last\.ckpt alone, got"):
        fit(tmp_path, ModelCheckpoint(**settings))
    assert names(tmp_path) == []


@pytest.mark.parametrize("is_moved", [False, True])
def test_the_search_goes_on_wherever_the_folder_is(is_moved, tmp_path):
    """Begun anew, it would take 0.2 for the best."""
    folder = tmp_path / "before"
    fit(folder, ModelCheckpoint(monitor="val/rate", filename="best", enable_version_counter=False), (0.3, 0.1))
    if is_moved:
        folder = folder.rename(tmp_path / "after")
    before = (folder / "checkpoints/best.ckpt").read_bytes()
    callback = ModelCheckpoint(monitor="val/rate", filename="best", enable_version_counter=False)
    fit(folder, callback, (0.3, 0.1, 0.2, 0.15), str(folder / "checkpoints/last.ckpt"))
    assert callback.best_model_score == pytest.approx(0.1)
    assert (folder / "checkpoints/best.ckpt").read_bytes() == before
    assert names(tmp_path) == [f"{folder.name}/checkpoints/best.ckpt", f"{folder.name}/checkpoints/last.ckpt"]
