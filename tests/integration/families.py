"""The table of data families and modules: experiments of each family, with options that make them small."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch

from lightning_modeinterp.cli import main
from lightning_modeinterp.sample_store import SampleStore
from tests.families import rows

from .conftest import NO_FIGURES, ROOT, SMALL
from .processes import PARALLEL

EXPERIMENTS = rows("EXPERIMENTS")
"""Names of experiments, and what makes their networks and samples small."""

LIKE_ANOTHER = rows("LIKE_ANOTHER")
"""Those that show nothing which another does not, and why."""

FIGURES_TAKE_LONG = rows("FIGURES_TAKE_LONG")
"""Those whose figures two processes draw in slow tests alone, and why."""

OF_FILES = {"ArrayDataModule", "ImageFolderDataModule", "StoredSamples", *rows("OF_FILES")}
"""Data modules that read files of a user's; `test_ranks_of_files.py` makes some."""

COMMANDS = ("fit", "test", "predict")
PRECISIONS = ("32-true", "bf16-mixed")
FEW_STEPS = ("--trainer.max_steps=4", "--trainer.val_check_interval=4")


def config_of(experiment: str) -> Path:
    """Config of an experiment."""
    return ROOT / f"configs/experiment/{experiment}.yaml"


@dataclass(frozen=True)
class Case:
    """An experiment in one precision, and the folder of its runs: one for each number of processes."""

    experiment: str
    precision: str
    root: Path

    def arguments(self, command: str, num_processes: int, draws_figures: bool) -> list[str]:
        """Of the command line. What is judged and drawn comes of the fit of one process, so only the number differs."""
        place = (f"--run.root={self.root}", "--run.experiment=processes", f"--run.name={num_processes}")
        how = (f"--trainer.precision={self.precision}", *(PARALLEL if num_processes == 2 else ()))
        figures = () if draws_figures else NO_FIGURES
        trained = () if command == "fit" else (f"--ckpt_path={self.checkpoint(1)}",)
        small = (*SMALL, *EXPERIMENTS[self.experiment], *FEW_STEPS)
        return [command, "-c", str(config_of(self.experiment)), *small, *place, *how, *figures, *trained]

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


def run_each(commands: list[list[str]]) -> None:
    """Run commands one after the other."""
    for command in commands:
        main(command)


def check_products(case: Case, num_processes: int) -> None:
    """Check what fit, test and predict leave."""
    assert all(each.isfinite().all() for each in case.weights(num_processes).values())
    assert 0 <= case.metrics(num_processes)["hallucination_rate"] <= 1
    (batch,) = SampleStore.open(case.folder(num_processes) / "predictions")
    assert batch.samples.isfinite().all()
    assert len(batch) > 0
