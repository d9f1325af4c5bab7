"""A bar over the whole fit, not over each of its epochs."""

import lightning as L
import pytest
import torch
from lightning.pytorch.callbacks import Callback

from lightning_modeinterp.callbacks import LastCheckpoint, StepsBar
from lightning_modeinterp.data import BatchLoader


class Line(L.LightningModule):
    """Fits a line."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch, batch_idx):
        return self.layer(batch).square().mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)


class Seen(Callback):
    """What the bar says after each batch."""

    def __init__(self):
        self.bars = []

    def on_train_batch_end(self, trainer, *_):
        bar = trainer.progress_bar_callback.train_progress_bar
        self.bars.append((bar.description.strip(), int(bar.completed), bar.total))


def fit(folder, ckpt_path=None, accumulate=1, **length):
    seen = Seen()
    trainer = L.Trainer(
        accelerator="cpu", devices=1, logger=False, default_root_dir=folder, enable_model_summary=False,
        callbacks=[StepsBar(), seen, LastCheckpoint(1)], accumulate_grad_batches=accumulate, **length,
    )  # fmt: skip
    trainer.fit(Line(), BatchLoader(torch.ones(8, 1), 2), ckpt_path=ckpt_path)
    return seen.bars


def test_it_counts_over_the_epochs(tmp_path):
    """4 batches an epoch."""
    bars = fit(tmp_path, max_steps=6, max_epochs=-1)
    assert bars == [("Steps", step, 6) for step in range(1, 7)]


def test_it_counts_optimiser_steps(tmp_path):
    bars = fit(tmp_path, max_steps=3, max_epochs=-1, accumulate=2)
    assert bars == [("Steps", step, 3) for step in (0, 1, 1, 2, 2, 3)]


@pytest.mark.parametrize("stop", [3, 5])
def test_it_goes_on_where_the_fit_does(stop, tmp_path):
    fit(tmp_path, max_steps=stop, max_epochs=-1)
    bars = fit(tmp_path, str(tmp_path / "checkpoints/last.ckpt"), max_steps=6, max_epochs=-1)
    assert bars == [("Steps", step, 6) for step in range(stop + 1, 7)]


def test_where_epochs_count_it_is_lightnings(tmp_path):
    assert fit(tmp_path, max_epochs=2)[-1] == ("Epoch 1/1", 4, 4)
