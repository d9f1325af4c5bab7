"""A model that needs no training, and a logger that remembers what it was shown."""

from typing import Any

import pytest
from lightning import Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import CSVLogger

from lightning_modeinterp.data.gaussian import ExactMixture, GaussianMixtureDataModule
from lightning_modeinterp.diffusion.noise_schedules import LinearBetaSchedule
from lightning_modeinterp.generation import Generation, Monitor
from lightning_modeinterp.loggers import log_histogram, log_image, log_table
from lightning_modeinterp.modules import DDPM
from lightning_modeinterp.records import GeneratedBatch
from lightning_modeinterp.trajectories import Window

MEANS, STD = [-1.0, 1.0], 0.05
WINDOWS = {"last_3": Window(last_steps=3), "last_5": Window(last_steps=5)}


class Shown(CSVLogger):
    """Remembers (name, step, what) of images, histograms and tables."""

    def __init__(self, folder: Any) -> None:
        super().__init__(folder)
        self.shown: list[tuple[str, int, Any]] = []

    def named(self, name: str) -> list[tuple[int, Any]]:
        return [(step, what) for each, step, what in self.shown if each == name]


@log_image.register
def _image(logger: Shown, name: str, pixels: Any, step: int) -> None:
    logger.shown.append((name, step, pixels))


@log_histogram.register
def _histogram(logger: Shown, name: str, counts: Any, edges: Any, step: int) -> None:
    logger.shown.append((name, step, (counts, edges)))


@log_table.register
def _table(logger: Shown, name: str, columns: Any, rows: Any, step: int) -> None:
    logger.shown.append((name, step, (columns, rows)))


class Drawn(Callback):
    """Remembers the batches that were drawn."""

    def __init__(self) -> None:
        self.batches: list[GeneratedBatch] = []

    def on_validation_batch_end(self, trainer, pl_module, outputs, batch, batch_idx, dataloader_idx=0):
        if isinstance(outputs, GeneratedBatch):
            self.batches.append(outputs)


class Evaluation:
    """Validate or test the exact score of a mixture."""

    def __init__(self, folder: Any) -> None:
        self.folder = folder
        self.shown = Shown(folder)
        self.drawn = Drawn()
        schedule = LinearBetaSchedule(num_steps=20, beta_start=0.001, beta_end=0.7)
        self.module = DDPM(ExactMixture((1,), MEANS, STD), schedule, prediction="x_0")

    def data(self, judged: bool = True) -> GaussianMixtureDataModule:
        data = GaussianMixtureDataModule(MEANS, STD, size=64, validation_size=32, test_size=32, batch_size=32)
        data.generation = Generation(
            windows=WINDOWS, window="last_5", num_samples=96, block_size=32, monitor=Monitor(num_samples=64)
        )
        if not judged:
            data.support = None
        return data

    def trainer(self, *callbacks: Callback, loggers: Any = None) -> Trainer:
        return Trainer(
            accelerator="cpu",
            logger=[self.shown] if loggers is None else loggers,
            callbacks=[*callbacks, self.drawn],
            default_root_dir=self.folder,
            enable_progress_bar=False,
            enable_checkpointing=False,
            enable_model_summary=False,
        )


@pytest.fixture
def evaluation(tmp_path):
    return Evaluation(tmp_path)
