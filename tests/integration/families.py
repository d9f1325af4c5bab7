"""The table of data families and modules; a new family is a line of `FAMILIES`, with options that make it small."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch

from lightning_modeinterp.sample_store import SampleStore

from .conftest import FEW_IMAGES, NETWORK, NO_FIGURES, ROOT, SMALL, UNET
from .processes import PARALLEL

FAMILIES = {
    "gaussian_1d": NETWORK,
    "gaussian_1d_vdm": NETWORK,
    "gaussian_2d_grid": NETWORK,
    "gaussian_2d_vdm": NETWORK,
    "hands_32": (*UNET, *FEW_IMAGES),
    "hands_bank_32": (*UNET, *FEW_IMAGES),
    "shapes_32": (*UNET, *FEW_IMAGES),
}
"""Names of experiments, and what makes their networks and samples small."""

OF_FILES = {"ArrayDataModule", "HandPhotosDataModule", "ImageFolderDataModule", "MNISTDataModule", "StoredSamples"}
"""Data modules that read files of a user's; their own tests make some. Not on two processes yet."""

COMMANDS = ("fit", "test", "predict")
PRECISIONS = ("32-true", "bf16-mixed")
FEW_STEPS = ("--trainer.max_steps=4", "--trainer.val_check_interval=4")


def config_of(family: str) -> Path:
    """Config of an experiment."""
    return ROOT / f"configs/experiment/{family}.yaml"


@dataclass(frozen=True)
class Case:
    """A family in one precision, and the folder of its runs: one for each number of processes."""

    family: str
    precision: str
    root: Path

    def arguments(self, command: str, num_processes: int, draws_figures: bool) -> list[str]:
        """Of the command line. What is judged and drawn comes of the fit of one process, so only the number differs."""
        place = (f"--run.root={self.root}", "--run.experiment=processes", f"--run.name={num_processes}")
        how = (f"--trainer.precision={self.precision}", *(PARALLEL if num_processes == 2 else ()))
        figures = () if draws_figures else NO_FIGURES
        trained = () if command == "fit" else (f"--ckpt_path={self.checkpoint(1)}",)
        small = (*SMALL, *FAMILIES[self.family], *FEW_STEPS)
        return [command, "-c", str(config_of(self.family)), *small, *place, *how, *figures, *trained]

    def folder(self, num_processes: int) -> Path:
        """The run directory."""
        return self.root / "processes" / str(num_processes)

    def checkpoint(self, num_processes: int) -> Path:
        """What fit leaves."""
        return self.folder(num_processes) / "checkpoints/last.ckpt"

    def weights(self, num_processes: int) -> dict[str, torch.Tensor]:
        """What fit has trained."""
        weights: dict[str, torch.Tensor] = torch.load(self.checkpoint(num_processes), weights_only=True)["state_dict"]
        return weights

    def metrics(self, num_processes: int) -> dict[str, float]:
        """What test has measured."""
        measured = json.loads((self.folder(num_processes) / "test_metrics.json").read_text())
        return {name: value for name, value in measured.items() if value is not None}

    def shards(self, num_processes: int) -> list[bytes]:
        """What predict has drawn."""
        files = (self.folder(num_processes) / "predictions").rglob("*.safetensors")
        return [file.read_bytes() for file in sorted(files)]


def check_products(case: Case, num_processes: int) -> None:
    """Check what fit, test and predict leave."""
    assert all(each.isfinite().all() for each in case.weights(num_processes).values())
    assert 0 <= case.metrics(num_processes)["hallucination_rate"] <= 1
    (batch,) = SampleStore.open(case.folder(num_processes) / "predictions")
    assert batch.samples.isfinite().all()
    assert len(batch) > 0
